import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BodyTooLarge, openExchange, type Exchange } from './exchange.ts';
import { detail, send, type Reply } from './replies.ts';

export type Route = (exchange: Exchange) => Promise<Reply>;

/**
 * An HTTP server around one route. Whatever a peer does ends in an answer or a closed socket, never in a throw.
 *
 * @param now what its answers give as their date, in milliseconds since the epoch
 */
export function createListener(route: Route, onBug: (error: unknown) => void, now: () => number): Server {
  const server = createServer((request, response) => {
    response.setHeader('date', new Date(now()).toUTCString());
    void answer(request, response, route, onBug);
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  onBug: (error: unknown) => void,
): Promise<void> {
  response.on('error', () => undefined);
  try {
    const exchange = openExchange(request);
    const reply = exchange ? await route(exchange) : detail(400, 'Bad path');
    await send(response, reply, request.method !== 'HEAD');
    request.resume();
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    const tooLarge = error instanceof BodyTooLarge;
    if (!tooLarge && !response.destroyed) onBug(error);
    if (response.headersSent) return void response.destroy();
    const reply = tooLarge ? detail(413, 'Request body is too large') : detail(500, 'Internal server error');
    response.setHeader('connection', 'close');
    await send(response, reply, true);
  }
}

/** Resolves with the port. Tries the first port that is free; rejects when the last one is not. */
export async function listen(server: Server, host: string, ports: readonly number[]): Promise<number> {
  for (const [index, port] of ports.entries()) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return (server.address() as AddressInfo).port;
    } catch (error) {
      if (index === ports.length - 1) throw error;
    }
  }
  throw new Error('No port to listen on');
}

/** An address that means every interface is no name that anybody can call. */
export function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

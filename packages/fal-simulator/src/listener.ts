import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BodiesTooLarge, BodyTooLarge, openExchange, type BodyBudget, type Exchange } from './exchange.ts';
import { detail, send, type Reply } from './replies.ts';

export type Route = (exchange: Exchange) => Promise<Reply>;

export type ListenerParts = {
  route: Route;
  onBug: (error: unknown) => void;
  /** For the Date header, in milliseconds since the epoch. */
  now: () => number;
  /** Budget of all bodies at the same time. */
  mostBodyBytes: number;
};

/** An HTTP server with one route. No request makes it throw. */
export function createListener({ mostBodyBytes, ...parts }: ListenerParts): Server {
  const budget = { left: mostBodyBytes };
  const server = createServer((request, response) => {
    response.setHeader('date', new Date(parts.now()).toUTCString());
    void answer(request, response, { ...parts, budget });
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
  { route, onBug, budget }: Omit<ListenerParts, 'mostBodyBytes'> & { budget: BodyBudget },
): Promise<void> {
  response.on('error', () => undefined);
  let exchange: Exchange | null = null;
  try {
    exchange = openExchange(request, budget);
    const reply = exchange ? await route(exchange) : detail(400, 'Bad path');
    await send(response, reply, request.method !== 'HEAD');
    request.resume();
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    const refusal = refusalOf(error);
    if (!refusal && !response.destroyed) onBug(error);
    if (response.headersSent) return void response.destroy();
    response.setHeader('connection', 'close');
    await send(response, refusal ?? detail(500, 'Internal server error'), true);
  } finally {
    exchange?.release();
  }
}

function refusalOf(error: unknown): Reply | null {
  if (error instanceof BodyTooLarge) return detail(413, 'Request body is too large');
  if (error instanceof BodiesTooLarge) return detail(503, 'Too many request bodies', { 'retry-after': '1' });
  return null;
}

/** Listens on the first free port and resolves with it. */
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

/** A host name for URLs: loopback for an address that means every interface. */
export function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

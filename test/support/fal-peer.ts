import http from 'node:http';
import net from 'node:net';
import { freePort } from './free-port.ts';
import { onTestFinished } from 'vitest';
import { listenOnLoopback } from './loopback.ts';

/** A request as it came. */
export type Arrived = {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
};

/** A server that stands where fal would. */
type Peer = {
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly arrived: readonly Arrived[];
};

type Reply = (response: http.ServerResponse, request: Arrived, index: number) => void;

/** Listens on a free loopback port until the test is over; `reply` is called when a request's body is in. */
export async function peer(reply: Reply): Promise<Peer> {
  const arrived: Arrived[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const came = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      arrived.push(came);
      reply(response, came, arrived.length - 1);
    });
  });
  const url = await listenOnLoopback(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url, arrived };
}

/** A peer that speaks no HTTP: `act` gets each connection with the first bytes that came over it. */
export async function rawPeer(
  act: (socket: net.Socket, bytes: Buffer) => void,
): Promise<{ readonly url: string; readonly connections: () => number }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => act(socket, bytes));
  });
  const url = await listenOnLoopback(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url, connections: () => sockets.size };
}

/** An address nobody listens at. */
export async function deadUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

export function json(response: http.ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function html(response: http.ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html' });
  response.end(`<html><body><h1>${status}</h1></body></html>`);
}

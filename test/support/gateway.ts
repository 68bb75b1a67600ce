import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { listenOnLoopback } from './loopback.ts';

/** What a gateway does to one kind of traffic: `swallow` accepts it and lets nothing pass back. */
export type Policy = 'pass' | 'refuse' | 'swallow';

/** A reverse proxy of the kind that companies and hosts put before an API: it may know no WebSockets or streams. */
type Gateway = {
  readonly url: string;
  webSockets: Policy;
  streams: Policy;
  /** Everything else. */
  requests: Policy;
  /** WebSockets that were asked for. */
  upgrades: number;
  /** WebSockets and event streams that are open. */
  readonly open: { readonly webSockets: number; readonly streams: number };
  /** Cuts every connection. */
  cut(): void;
  close(): Promise<void>;
};

/** @param target base URL */
export async function startGateway(target: string): Promise<Gateway> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Duplex>();
  const open = { webSockets: 0, streams: 0 };
  const keep = (socket: Duplex) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };

  const server = createServer((incoming, response) => {
    const isStream = incoming.headers.accept === 'text/event-stream';
    const policy = isStream ? gateway.streams : gateway.requests;
    if (policy === 'refuse') response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>No</h1>');
    else forward(incoming, response, isStream, policy === 'swallow');
  });
  const forward = (
    incoming: IncomingMessage,
    response: ServerResponse,
    isStream: boolean,
    isSilent: boolean,
  ) => {
    const { method, url: path, headers } = incoming;
    const sent = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (isSilent) answer.resume();
      else answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    if (isStream) open.streams += 1;
    response.on('close', () => {
      if (isStream) open.streams -= 1;
      sent.destroy();
    });
    sent.on('error', () => response.destroy());
    incoming.pipe(sent);
  };
  server.on('connection', keep);
  server.on('upgrade', (incoming: IncomingMessage, near: Duplex, head: Buffer) => {
    keep(near);
    gateway.upgrades += 1;
    if (gateway.webSockets === 'refuse') return void near.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    const isSilent = gateway.webSockets === 'swallow';
    const far = net.connect({ host: hostname, port: Number(port) });
    keep(far);
    const lines = incoming.rawHeaders.flatMap((name, index, all) =>
      index % 2 === 0 ? [`${name}: ${all[index + 1] ?? ''}`] : [],
    );
    far.write(`GET ${incoming.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    far.write(head);
    near.pipe(far);
    if (isSilent) far.resume();
    else far.pipe(near);
    open.webSockets += 1;
    near.on('close', () => {
      open.webSockets -= 1;
      far.destroy();
    });
    far.on('close', () => near.destroy());
  });

  const gateway: Gateway = {
    url: await listenOnLoopback(server),
    webSockets: 'pass',
    streams: 'pass',
    requests: 'pass',
    upgrades: 0,
    open,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      server.close();
      gateway.cut();
      await once(server, 'close');
    },
  };
  return gateway;
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { forwarded } from './forward.ts';
import type { AddressInfo } from 'node:net';

/** Stands in front of a server; requests pass it one way, answers the other, and requests can be held there. */
export type RequestGate = {
  readonly url: string;
  /** From now on requests wait at the gate and reach nobody. */
  hold(): void;
  /** Those that wait go on, and so do all later ones. */
  release(): void;
  /** How many requests wait at the gate. */
  waiting(): number;
  close(): Promise<void>;
};

/** @param target asked only when a request passes, so it may be a server that starts later */
export async function requestGate(target: () => string): Promise<RequestGate> {
  let held: (() => void)[] | null = null;
  const server = createServer((request, response) => {
    const pass = () => {
      forward(target(), request, response).catch(() => response.destroy());
    };
    if (held === null) pass();
    else held.push(pass);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const release = () => {
    for (const pass of held ?? []) pass();
    held = null;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => (held ??= []),
    release,
    waiting: () => held?.length ?? 0,
    async close() {
      release();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function forward(target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await forwarded(target, request);
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { listenOnLoopback } from './loopback.ts';

type Reply = (response: ServerResponse, request: IncomingMessage) => void;

/** A host of files as fal has them, whose answers a test decides. A server must trust its origin (IMPORT_ORIGINS). */
export async function startFileHost() {
  const replies = new Map<string, Reply>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const reply = replies.get(path);
    if (reply === undefined) response.writeHead(404).end();
    else reply(response, request);
  });
  const url = await listenOnLoopback(server);
  return {
    url,
    /** The paths that were asked for, oldest first. */
    requests: requests as readonly string[],
    /** Answers at this path from now on, and gives its address. */
    serve(path: string, reply: Reply | Buffer): string {
      replies.set(path, Buffer.isBuffer(reply) ? (response) => void response.end(reply) : reply);
      return url + path;
    },
    /** How often this path was asked for. */
    requestsOf: (path: string) => requests.filter((one) => one === path).length,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

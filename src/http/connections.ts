import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Knows which of a server's connections are in the middle of a request, and which of those requests are streams. Node
 * ends only connections that are idle at the moment it is asked, and takes one that never asked anything for busy.
 */
export class Connections {
  readonly #requests = new Map<Socket, number>();
  readonly #responses = new Set<ServerResponse>();
  #isEnding = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#requests.set(socket, 0);
      socket.once('close', () => this.#requests.delete(socket));
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) =>
      this.#begin(socket, response),
    );
    // From then on it belongs to whoever serves the other protocol.
    server.on('upgrade', ({ socket }: IncomingMessage) => this.#requests.delete(socket));
  }

  #begin(socket: Socket, response: ServerResponse): void {
    this.#requests.set(socket, (this.#requests.get(socket) ?? 0) + 1);
    this.#responses.add(response);
    response.once('close', () => {
      this.#responses.delete(response);
      const left = (this.#requests.get(socket) ?? 1) - 1;
      if (this.#requests.has(socket)) this.#requests.set(socket, left);
      if (this.#isEnding && left === 0) socket.destroySoon();
    });
  }

  /** Breaks streams off: ended in good order, they would tell their readers that nothing more will ever come. */
  cutStreams(): void {
    for (const response of this.#responses) {
      // By what is sent, not by what was asked for: clients that accept streams ask for everything that way.
      if (String(response.getHeader('content-type')).startsWith('text/event-stream')) response.destroy();
    }
  }

  /** Ends every connection as soon as it is in no request, those that are in none at once. */
  endWhenIdle(): void {
    this.#isEnding = true;
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroySoon();
  }
}

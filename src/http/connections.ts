import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Knows which of a server's connections are in the middle of a request, and which of those requests are streams. Node
 * ends only connections that are idle at the moment it is asked, and takes one that never asked anything for busy.
 */
export class Connections {
  readonly #requests = new Map<Socket, number>();
  readonly #streams = new Set<ServerResponse>();
  #isEnding = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#requests.set(socket, 0);
      socket.once('close', () => this.#requests.delete(socket));
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#begin(request, response),
    );
    // From then on it belongs to whoever serves the other protocol.
    server.on('upgrade', ({ socket }: IncomingMessage) => this.#requests.delete(socket));
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#requests.set(socket, (this.#requests.get(socket) ?? 0) + 1);
    const isStream = request.headers.accept?.includes('text/event-stream') === true;
    if (isStream) this.#streams.add(response);
    response.once('close', () => {
      this.#streams.delete(response);
      const left = (this.#requests.get(socket) ?? 1) - 1;
      if (this.#requests.has(socket)) this.#requests.set(socket, left);
      if (this.#isEnding && left === 0) socket.destroySoon();
    });
  }

  /** Breaks streams off: ended in good order, they would tell their readers that nothing more will ever come. */
  cutStreams(): void {
    for (const response of this.#streams) response.destroy();
  }

  /** Ends every connection as soon as it is in no request, those that are in none at once. */
  endWhenIdle(): void {
    this.#isEnding = true;
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroySoon();
  }
}

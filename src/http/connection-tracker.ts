import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Timeouts } from './timeouts.ts';
import type { Socket } from 'node:net';

/**
 * Knows which of a server's connections are in the middle of a request, and which of those requests are streams. Node
 * ends only connections that are idle at the moment it is asked, and takes one that never asked anything for busy. Ends
 * those whose peer takes nothing any more.
 */
export class ConnectionTracker {
  readonly #requests = new Map<Socket, number>();
  readonly #responses = new Map<ServerResponse, Socket>();
  readonly #responsesOn = new WeakMap<Socket, Set<ServerResponse>>();
  readonly #streamMs: number;
  #isEnding = false;
  #cutsStreams = false;

  constructor(server: Server, { stallMs, streamMs }: Timeouts) {
    this.#streamMs = streamMs;
    // Called when nothing was sent, received or taken by the peer for so long.
    server.setTimeout(stallMs, (socket: Socket) => {
      if (!this.#waitsForUs(socket)) socket.destroy();
    });
    // Whoever sends streams switches that off for theirs, so it is switched on again.
    const watching = setInterval(() => {
      for (const socket of this.#responses.values()) if (socket.timeout === 0) socket.setTimeout(stallMs);
    }, stallMs / 2).unref();
    server.once('close', () => clearInterval(watching));
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
    this.#responses.set(response, socket);
    const here = this.#responsesOn.get(socket) ?? new Set();
    this.#responsesOn.set(socket, here.add(response));
    if (this.#cutsStreams) cutStreamAtItsStart(response);
    const oldAge = setTimeout(() => cutStream(response), this.#streamMs).unref();
    response.once('close', () => {
      clearTimeout(oldAge);
      this.#responses.delete(response);
      here.delete(response);
      const left = (this.#requests.get(socket) ?? 1) - 1;
      if (this.#requests.has(socket)) this.#requests.set(socket, left);
      if (this.#isEnding && left === 0) socket.destroySoon();
    });
  }

  /**
   * Breaks streams off, from now on also those that are still being opened: ended in good order, they would tell their
   * readers that nothing more will ever come.
   */
  cutStreams(): void {
    this.#cutsStreams = true;
    for (const response of this.#responses.keys()) {
      cutStream(response);
      cutStreamAtItsStart(response);
    }
  }

  /** True while a request is being read or worked on, and nothing of an answer is stuck. */
  #waitsForUs(socket: Socket): boolean {
    const own = [...(this.#responsesOn.get(socket) ?? [])];
    return own.length > 0 && own.every(({ writableLength }) => writableLength === 0);
  }

  /** Ends every connection as soon as it is in no request, those that are in none at once. */
  endWhenIdle(): void {
    this.#isEnding = true;
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroySoon();
  }
}

/** Whether it is a stream is known only when its first byte is about to be sent. */
function cutStreamAtItsStart(response: ServerResponse): void {
  for (const name of ['write', 'end'] as const) {
    const send = response[name].bind(response) as (...args: unknown[]) => unknown;
    const value = (...args: unknown[]) => {
      cutStream(response);
      return response.destroyed ? response : send(...args);
    };
    Object.defineProperty(response, name, { value });
  }
}

function cutStream(response: ServerResponse): void {
  // By what is sent, not by what was asked for: clients that accept streams ask for everything that way.
  if (String(response.getHeader('content-type')).startsWith('text/event-stream')) response.destroy();
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Timeouts } from './timeouts.ts';
import type { Socket } from 'node:net';

/**
 * Responses that one connection waits for. Without a limit, a client that sends requests and waits for no response fills
 * the memory with requests that wait for the database. Browsers and proxies wait for each response (RFC 9112, 9.3.2);
 * load generators pipeline 10.
 */
export const MAX_OPEN_RESPONSES = 20;

/**
 * Tracks the open responses of every HTTP connection. Node's closeIdleConnections() is not enough: it skips connections
 * that have sent no request yet, and those that become idle later. Also ends connections whose peer does not read.
 */
export class ConnectionTracker {
  readonly #open = new Map<Socket, Set<ServerResponse>>();
  readonly #streamMs: number;
  #isEnding = false;
  #cutsStreams = false;

  constructor(server: Server, { stallMs, streamMs }: Timeouts) {
    this.#streamMs = streamMs;
    server.setTimeout(stallMs, (socket: Socket) => {
      if (!this.#isWorking(socket)) socket.destroy();
    });
    // Event streams switch the timeout of their socket off.
    const rearming = setInterval(() => {
      for (const socket of this.#open.keys()) if (socket.timeout === 0) socket.setTimeout(stallMs);
    }, stallMs / 2).unref();
    server.once('close', () => clearInterval(rearming));
    server.on('connection', (socket: Socket) => {
      const responses = new Set<ServerResponse>();
      this.#open.set(socket, responses);
      socket.once('close', () => {
        this.#open.delete(socket);
        for (const response of responses) abandon(response);
      });
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) =>
      this.#track(socket, response),
    );
    server.on('upgrade', ({ socket }: IncomingMessage) => this.#open.delete(socket));
  }

  /**
   * Breaks event streams off, including those that are being opened. A regular end would tell their clients not to
   * reconnect.
   */
  cutStreams(): void {
    this.#cutsStreams = true;
    for (const responses of this.#open.values()) {
      for (const response of responses) {
        cutStream(response);
        cutStreamAtItsStart(response);
      }
    }
  }

  /** Ends idle connections now, and every other connection after its last response. */
  endWhenIdle(): void {
    this.#isEnding = true;
    for (const [socket, responses] of this.#open) if (responses.size === 0) socket.destroySoon();
  }

  #track(socket: Socket, response: ServerResponse): void {
    const responses = this.#open.get(socket);
    // The socket is closed already.
    if (responses === undefined) return;
    responses.add(response);
    if (responses.size > MAX_OPEN_RESPONSES) socket.destroy();
    if (this.#cutsStreams) cutStreamAtItsStart(response);
    const maxAge = setTimeout(() => cutStream(response), this.#streamMs).unref();
    response.once('close', () => {
      clearTimeout(maxAge);
      responses.delete(response);
      if (this.#isEnding && responses.size === 0) socket.destroySoon();
    });
  }

  /** True while a request is in progress and the peer has taken everything that was sent. */
  #isWorking(socket: Socket): boolean {
    const responses = [...(this.#open.get(socket) ?? [])];
    return responses.length > 0 && responses.every(({ writableLength }) => writableLength === 0);
  }
}

/** Closes a response in line behind another, whose work would never end: Node closes only the one that is being sent. */
function abandon(response: ServerResponse): void {
  if (response.socket !== null) return;
  // As Node does it: a pipeline that begins later looks for the flag.
  Object.assign(response, { destroyed: true, _closed: true }).emit('close');
}

/** The content type, and so whether it is a stream, is known with the first byte. */
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
  // Not by the Accept header: clients that accept streams send it with every request.
  if (String(response.getHeader('content-type')).startsWith('text/event-stream')) response.destroy();
}

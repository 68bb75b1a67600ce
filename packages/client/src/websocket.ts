import { createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, type Client } from 'graphql-ws/client';
import { errorFrom, LikenessError } from './errors.ts';
import type { Timing } from './timing.ts';
import type { Tokens } from './tokens.ts';
import { rowIn, type Follower, type Transport } from './transport.ts';

/** The part of the standard's WebSocket class that the client uses; the class of `ws` has it too. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocketLike;

type WebSocketLike = {
  addEventListener(type: 'error', listener: () => void): void;
  /** Of `ws` only: ends the connection without the other side. */
  terminate?(): void;
};

export type WebSocketOptions = {
  readonly url: string;
  readonly WebSocket: WebSocketClass;
  readonly tokens: Tokens;
  readonly timing: Timing;
};

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };

/** The server closes with it when a token is missing, invalid or expired. */
const FORBIDDEN = 4403;

/** One WebSocket for all watches. It is open while there is a watch. */
export class WebSocketTransport implements Transport {
  readonly name = 'websocket';
  readonly #options: WebSocketOptions;
  #connection: Connection | null = null;

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }

  follow(follower: Follower): Promise<void> {
    const connection = (this.#connection ??= new Connection(this.#options, () => {
      if (this.#connection === connection) this.#connection = null;
    }));
    return connection.follow(follower);
  }
}

/** A WebSocket from its opening to its end; nothing opens it again. */
class Connection {
  readonly #options: WebSocketOptions;
  readonly #onOver: () => void;
  readonly #opening: Promise<Client>;
  #client: Client | null = null;
  #socket: WebSocketLike | null = null;
  #isOpen = false;
  #end: LikenessError | null = null;
  #followers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onOver called when it takes no more followers; may be called again */
  constructor(options: WebSocketOptions, onOver: () => void) {
    this.#options = options;
    this.#onOver = onOver;
    this.#opening = this.#open();
    this.#opening.catch(onOver);
  }

  async follow(follower: Follower): Promise<void> {
    this.#followers += 1;
    try {
      const client = await this.#opening;
      if (follower.signal.aborted) return;
      if (this.#end !== null) throw this.#end;
      await this.#subscribe(client, follower);
    } finally {
      this.#followers -= 1;
      // Later: a component that changes what it watches leaves before it joins.
      setTimeout(() => {
        if (this.#followers === 0) this.#close();
      });
    }
  }

  async #open(): Promise<Client> {
    const { url, tokens, timing } = this.#options;
    // Before the connection: the server waits three seconds for the token.
    const token = await tokens.get();
    if (this.#followers === 0) throw new LikenessError('NETWORK_ERROR', 'Nobody needs the WebSocket.');
    const socket = this.#openSocket();
    this.#limit(timing.connectMs);
    this.#client = createClient({
      url,
      // graphql-ws opens no other: this connection is for this socket.
      webSocketImpl: Object.assign(function () {
        return socket;
      }, STATES),
      // It does not close by itself, and a watch reconnects with the version it has seen.
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
      keepAlive: timing.pingMs,
      ...(token === null ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
      on: {
        connected: () => {
          this.#isOpen = true;
          clearTimeout(this.#timer);
          tokens.accept(token);
        },
        ping: (isReceived) => {
          if (!isReceived) this.#limit(timing.connectMs);
        },
        pong: (isReceived) => {
          if (isReceived) clearTimeout(this.#timer);
        },
        error: (cause) => this.#over(new LikenessError('NETWORK_ERROR', 'The WebSocket failed.', { cause })),
        closed: (event) => {
          const { code, reason } = event as { readonly code: number; readonly reason: string };
          if (code === FORBIDDEN) tokens.refuse(token);
          this.#over(
            code === FORBIDDEN
              ? new LikenessError('UNAUTHENTICATED', reason)
              : new LikenessError('NETWORK_ERROR', `The WebSocket was closed with ${code} ${reason}`),
          );
        },
      },
    });
    return this.#client;
  }

  #subscribe(client: Client, follower: Follower): Promise<void> {
    const { subscription, onOpen, onRow, signal } = follower;
    return new Promise<void>((resolve, reject) => {
      const forgetOpening = this.#isOpen ? () => undefined : client.on('connected', onOpen);
      if (this.#isOpen) onOpen();
      const leave = () => {
        forgetOpening();
        signal.removeEventListener('abort', leave);
        unsubscribe();
        resolve();
      };
      const fail = (error: LikenessError) => {
        reject(error);
        leave();
      };
      const unsubscribe = client.subscribe(subscription, {
        next: ({ data, errors }) => {
          if (errors !== undefined) fail(errorFrom(errors));
          else if (!signal.aborted) onRow(rowIn(data));
        },
        error: (error) => {
          const lost = this.#end ?? new LikenessError('NETWORK_ERROR', 'The WebSocket failed.');
          fail(Array.isArray(error) ? errorFrom(error) : lost);
        },
        complete: () => (this.#end === null ? leave() : fail(this.#end)),
      });
      signal.addEventListener('abort', leave);
    });
  }

  /** Throws NETWORK_ERROR: a page's policy may forbid the address. */
  #openSocket(): WebSocketLike {
    try {
      const socket = new this.#options.WebSocket(this.#options.url, GRAPHQL_TRANSPORT_WS_PROTOCOL);
      // graphql-ws removes its handlers from a socket that it gives up, and `ws` throws errors that nobody handles.
      socket.addEventListener('error', () => undefined);
      return (this.#socket = socket);
    } catch (cause) {
      throw new LikenessError('NETWORK_ERROR', 'The WebSocket cannot be opened.', { cause });
    }
  }

  /** Ends the connection when its time is over. */
  #limit(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#terminate(), ms);
  }

  #terminate(): void {
    this.#client?.terminate();
    this.#socket?.terminate?.();
  }

  #close(): void {
    this.#onOver();
    if (this.#end !== null) return;
    if (!this.#isOpen) this.#terminate();
    else void this.#client?.dispose();
  }

  #over(error: LikenessError): void {
    this.#end ??= error;
    clearTimeout(this.#timer);
    this.#onOver();
    // Otherwise graphql-ws connects again after some close codes.
    void Promise.resolve(this.#client?.dispose()).catch(() => undefined);
  }
}

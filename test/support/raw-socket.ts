import { once } from 'node:events';
import { Condition } from './condition.ts';
import { WebSocket } from 'ws';

export type Frame = { readonly type: string; readonly id?: string; readonly payload?: unknown };

type RawSocketOptions = {
  readonly protocol?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A socket that says exactly what it is told to, in whatever order. */
export class RawSocket {
  /** Everything that came, pings and pongs of the protocol left out. */
  readonly frames: Frame[] = [];
  /** How it was closed; null while it is open. */
  closed: { readonly code: number; readonly reason: string } | null = null;
  readonly #socket: WebSocket;
  readonly #condition = new Condition();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as Frame;
      if (frame.type === 'ping') this.say({ type: 'pong' });
      else this.frames.push(frame);
      this.#condition.changed();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') };
      this.#condition.changed();
    });
  }

  /** Resolves when it is open. Throws with the answer's status when the server refuses it. */
  static async open(graphqlUrl: string, options: RawSocketOptions = {}): Promise<RawSocket> {
    const { protocol = 'graphql-transport-ws', headers = {} } = options;
    const socket = new WebSocket(graphqlUrl.replace(/^http/, 'ws'), protocol, { headers });
    const raw = new RawSocket(socket);
    await once(socket, 'open');
    return raw;
  }

  /** Opens it and waits for the server to take its token. */
  static async connected(graphqlUrl: string, token?: string): Promise<RawSocket> {
    const raw = await RawSocket.open(graphqlUrl);
    raw.say({
      type: 'connection_init',
      ...(token === undefined ? {} : { payload: { authorization: `Bearer ${token}` } }),
    });
    await raw.until(({ type }) => type === 'connection_ack');
    return raw;
  }

  say(message: object | string | Buffer): void {
    this.#socket.send(
      typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
    );
  }

  subscribe(id: string, query: string, variables: object = {}): void {
    this.say({ type: 'subscribe', id, payload: { query, variables } });
  }

  /** The first frame, of all there ever were, that fits. */
  until(fits: (frame: Frame) => boolean): Promise<Frame> {
    return this.#wait('a frame', () => this.frames.find(fits) ?? null);
  }

  /** The code it was closed with. */
  async closedWith(): Promise<number> {
    return (await this.#wait('its end', () => this.closed)).code;
  }

  async end(): Promise<void> {
    this.#socket.close();
    await this.closedWith();
  }

  /** Ends the connection without a close frame. */
  async drop(): Promise<void> {
    this.#socket.terminate();
    await this.closedWith();
  }

  #wait<T>(what: string, look: () => T | null): Promise<T> {
    const isOver = () => this.closed !== null;
    return this.#condition.until(look, isOver, (why) => {
      const state = JSON.stringify({ frames: this.frames, closed: this.closed });
      return `Waited in vain (${why}) for ${what}: ${state}`;
    });
  }
}

/** The status with which the server refuses to open a socket. */
export async function upgradeRefusal(
  graphqlUrl: string,
  { protocol = 'graphql-transport-ws', headers = {} }: RawSocketOptions = {},
): Promise<number> {
  const socket = new WebSocket(graphqlUrl.replace(/^http/, 'ws'), protocol, { headers });
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.close();
      reject(new Error('The socket was opened'));
    });
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on('error', () => undefined);
  });
}

import { once } from 'node:events';
import { PATIENCE_MS } from './eventually.ts';
import { WebSocket } from 'ws';

export type Frame = { readonly type: string; readonly id?: string; readonly payload?: unknown };

export type RawSocketOptions = {
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
  #onNews: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as Frame;
      if (frame.type === 'ping') this.say({ type: 'pong' });
      else this.frames.push(frame);
      this.#news();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') };
      this.#news();
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
  async until(fits: (frame: Frame) => boolean, withinMs = PATIENCE_MS): Promise<Frame> {
    return this.#wait('a frame', () => this.frames.find(fits) ?? null, withinMs);
  }

  /** The code it was closed with. */
  async closedWith(withinMs = PATIENCE_MS): Promise<number> {
    return (await this.#wait('its end', () => this.closed, withinMs)).code;
  }

  async end(): Promise<void> {
    this.#socket.close();
    await this.closedWith();
  }

  async #wait<T>(what: string, look: () => T | null, withinMs: number): Promise<T> {
    const giveUpAt = performance.now() + withinMs;
    for (;;) {
      const found = look();
      if (found !== null) return found;
      const left = giveUpAt - performance.now();
      if (left <= 0 || this.closed !== null) {
        const state = JSON.stringify({ frames: this.frames, closed: this.closed });
        throw new Error(`Waited in vain for ${what}: ${state}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onNews.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #news(): void {
    for (const look of this.#onNews.splice(0)) look();
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

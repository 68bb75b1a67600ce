import { Redis, ReplyError } from 'ioredis';

const COMMAND_TIMEOUT_MS = 2000;
const HEARTBEAT_MS = 10_000;
const MAX_RECONNECT_MS = 2000;

export type LinkOptions = {
  /** Done with every new connection before it counts as working. */
  readonly setUp: (redis: Redis) => Promise<unknown>;
  /** Called every time it begins to work. */
  readonly onWorking: () => void;
  /** Called whenever something shows that it does not, also when that is known already. Not called after close(). */
  readonly onBroken: (error: unknown) => void;
};

/**
 * One connection to Redis, which tries again for as long as it takes: Redis may be absent at the start, go and come
 * back. It works from the moment it has been set up until the first sign that it does not.
 */
export class RedisConnection {
  readonly #redis: Redis;
  readonly #options: LinkOptions;
  readonly #heartbeat: NodeJS.Timeout;
  #isWorking = false;
  #isSettingUp = false;
  #isReplacing = false;
  #isClosed = false;

  constructor(url: string, options: LinkOptions) {
    this.#options = options;
    this.#redis = new Redis(url, {
      // A command is sent at once or fails at once. None is kept for later, so none piles up.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      // That is the set-up's business: ioredis would say "ready" before Redis has taken the subscription.
      autoResubscribe: false,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: COMMAND_TIMEOUT_MS,
      // Who does not answer will not say goodbye either.
      disconnectTimeout: 100,
      retryStrategy: (attempt: number) => Math.min(attempt * 100, MAX_RECONNECT_MS),
    });
    // Without a listener an error would end the process.
    this.#redis.on('error', (error: Error) => this.#broke(error));
    this.#redis.on('close', () => {
      this.#isReplacing = false;
      this.#broke(new Error('The connection was closed'));
    });
    this.#redis.on('ready', () => void this.#setUp());
    this.#heartbeat = setInterval(() => void this.#beat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  get isWorking(): boolean {
    return this.#isWorking;
  }

  /**
   * @param command sends one command
   * @throws when there is no connection, Redis refuses it, or has not answered in time
   */
  async ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (!this.#isReady()) throw new Error('There is no connection to Redis');
    try {
      return await command(this.#redis);
    } catch (error) {
      this.#broke(error);
      // Another connection would be refused the same, but may be answered where this one was not.
      if (!(error instanceof ReplyError)) this.#replace();
      throw error;
    }
  }

  onMessage(listener: (text: string) => void): void {
    this.#redis.on('message', (_channel: string, text: string) => listener(text));
  }

  close(): void {
    this.#isClosed = true;
    this.#isWorking = false;
    clearInterval(this.#heartbeat);
    this.#redis.disconnect();
  }

  /** A connection that is only half there neither errs nor delivers; and what Redis refused once it may allow by now. */
  async #beat(): Promise<void> {
    if (!this.#isReady()) return;
    if (this.#isWorking) await this.ask((redis) => redis.ping()).catch(() => undefined);
    else await this.#setUp();
  }

  async #setUp(): Promise<void> {
    if (this.#isSettingUp) return;
    this.#isSettingUp = true;
    try {
      await this.ask(this.#options.setUp);
    } catch {
      // Told by ask(). The next connection or heartbeat tries again.
      return;
    } finally {
      this.#isSettingUp = false;
    }
    if (!this.#isReady() || this.#isClosed) return;
    this.#isWorking = true;
    this.#options.onWorking();
  }

  /** False also while a connection is on its way out: what it is given then is not sent any more. */
  #isReady(): boolean {
    return this.#redis.status === 'ready' && !this.#isReplacing;
  }

  #replace(): void {
    if (!this.#isReady()) return;
    this.#isReplacing = true;
    this.#redis.disconnect(true);
  }

  #broke(error: unknown): void {
    this.#isWorking = false;
    if (!this.#isClosed) this.#options.onBroken(error);
  }
}

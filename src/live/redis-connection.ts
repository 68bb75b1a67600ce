import { Redis, ReplyError } from 'ioredis';

const COMMAND_TIMEOUT_MS = 2000;
const HEARTBEAT_MS = 10_000;
const MAX_RECONNECT_MS = 2000;

type ConnectionOptions = {
  /** The first command of every new connection, which works once Redis has accepted it. */
  readonly setUp: (redis: Redis) => Promise<unknown>;
  /** Called whenever the connection starts to work. */
  readonly onWorking: () => void;
  /** Called for every fault, also while the connection is broken already; never after close(). */
  readonly onBroken: (error: unknown) => void;
};

/** A connection to Redis that reconnects forever. Redis may be absent at the start. */
export class RedisConnection {
  readonly #redis: Redis;
  readonly #options: ConnectionOptions;
  readonly #heartbeat: NodeJS.Timeout;
  #isWorking = false;
  #isSettingUp = false;
  #isReplacing = false;
  #isClosed = false;

  constructor(url: string, options: ConnectionOptions) {
    this.#options = options;
    this.#redis = new Redis(url, {
      // A command is sent or fails at once, so that none pile up.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      // setUp subscribes: ioredis would report "ready" before Redis has accepted the subscription.
      autoResubscribe: false,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: COMMAND_TIMEOUT_MS,
      // A Redis that is silent does not answer QUIT either.
      disconnectTimeout: 100,
      retryStrategy: (attempt: number) => Math.min(attempt * 100, MAX_RECONNECT_MS),
    });
    // Without a listener an error ends the process.
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

  /** Sends one command. Throws when there is no connection, and when Redis refuses or does not answer in time. */
  async send<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (!this.#isReady()) throw new Error('There is no connection to Redis');
    try {
      return await command(this.#redis);
    } catch (error) {
      this.#broke(error);
      // A refusal would be repeated on a new connection; a timeout may not.
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

  /** Detects a half-open connection, which reports no error, and retries a set-up that Redis refused. */
  async #beat(): Promise<void> {
    if (!this.#isReady()) return;
    if (this.#isWorking) await this.send((redis) => redis.ping()).catch(() => undefined);
    else await this.#setUp();
  }

  async #setUp(): Promise<void> {
    if (this.#isSettingUp) return;
    this.#isSettingUp = true;
    try {
      await this.send(this.#options.setUp);
    } catch {
      // send() has reported it. The next connection or heartbeat retries.
      return;
    } finally {
      this.#isSettingUp = false;
    }
    if (!this.#isReady() || this.#isClosed) return;
    this.#isWorking = true;
    this.#options.onWorking();
  }

  /** False also while a connection is being replaced: ioredis would drop the command. */
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

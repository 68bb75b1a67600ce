import { Deadline } from './deadline.ts';
import { LikenessError } from './errors.ts';
import type { PollingTransport } from './polling.ts';
import { backoff, pause, type Timing } from './timing.ts';
import type { Tokens } from './tokens.ts';
import type { Topic, Transport, TransportName } from './transport.ts';
import type { Transports } from './transports.ts';

export type Follow<Row, Position> = {
  readonly topic: Topic<Position>;
  /** Whether the row ends the watch. */
  readonly isLast: (row: Row) => boolean;
  readonly after: Position | null;
  /** The position after the row; null: the row is not newer than `last`. */
  readonly positionAfter: (row: Row, last: Position | null) => Position | null;
  readonly onRow: (row: Row) => void;
  readonly onConnection: (transport: TransportName | null) => void;
  readonly signal: AbortSignal;
};

export type Connections = {
  readonly transports: Transports;
  readonly polling: PollingTransport;
  readonly tokens: Tokens;
  readonly timing: Timing;
};

/** A connection that lasts this long worked, even if nothing was received. */
const STABLE_MS = 5000;
/** Short connections in a row after which another transport is tried. */
const MAX_SHORT = 3;
/** Refused tokens in a row. */
const MAX_REFUSALS = 3;

/** Codes of errors that pass. */
const PASSING = new Set([
  'NETWORK_ERROR',
  'BAD_RESPONSE',
  'LIMIT_EXCEEDED',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
  'REQUEST_TIMEOUT',
]);

/**
 * Gives the rows of a topic, each with a later position, over whichever transport works, until the row is deleted, the
 * last one is given, or `signal` is aborted. Throws LikenessError for what another attempt would not change.
 */
export async function follow<Row, Position>(
  connections: Connections,
  asked: Follow<Row, Position>,
): Promise<void> {
  await new Following(connections, asked).run();
}

class Following<Row, Position> {
  readonly #connections: Connections;
  readonly #asked: Follow<Row, Position>;
  #position: Position | null;
  #hasRow = false;
  #isOver = false;
  #hasOpened = false;
  /** When the present attempt opened; null before. */
  #openedAt: number | null = null;
  #failures = 0;
  #refusals = 0;
  /** Transports that failed since one worked, and whether the network can be the cause. */
  readonly #failed = new Map<Transport, boolean>();

  constructor(connections: Connections, asked: Follow<Row, Position>) {
    this.#connections = connections;
    this.#asked = asked;
    this.#position = asked.after;
  }

  get #isOpen(): boolean {
    return this.#openedAt !== null;
  }

  async run(): Promise<void> {
    const { transports, timing } = this.#connections;
    const { signal } = this.#asked;
    while (!signal.aborted && !this.#isOver) {
      const transport = transports.best(this.#failed);
      let waitMs = 0;
      if (transport === null) {
        this.#failed.clear();
        waitMs = backoff(timing, this.#failures++);
      } else {
        waitMs = await this.#attempt(transport).catch((error: unknown) => this.#afterError(error, transport));
      }
      if (waitMs > 0) await pause(waitMs, signal);
    }
  }

  /** Resolves with the time to wait until the next attempt. */
  async #attempt(transport: Transport): Promise<number> {
    const { transports, polling, timing } = this.#connections;
    const { topic, signal, onConnection } = this.#asked;
    this.#openedAt = null;
    const attempt = new Deadline(signal);
    try {
      await transport.follow({
        subscription: topic.subscriptionAfter(this.#position),
        query: topic.query,
        signal: attempt.signal,
        onOpen: () => {
          if (this.#isOpen || attempt.signal.aborted) return;
          this.#onOpen(transport);
          const betterMs = transports.betterAfter(transport);
          if (betterMs !== null) attempt.within(betterMs);
        },
        onRow: (row) => {
          this.#take(row as Row);
          if (this.#isOver) attempt.abort();
        },
      });
      if (attempt.signal.aborted || this.#isOver) return 0;
      // The server completes a subscription when the row is deleted, and perhaps when the server stops.
      if (topic.query !== null) {
        const row = await polling.read(topic.query, signal);
        if (row === null) this.#isOver = true;
        else this.#take(row as Row);
      }
      return backoff(timing, 0);
    } finally {
      attempt.end();
      if (this.#isOpen) onConnection(null);
    }
  }

  #onOpen(transport: Transport): void {
    const { transports } = this.#connections;
    this.#openedAt = Date.now();
    this.#hasOpened = true;
    this.#refusals = 0;
    for (const [failed, isSuspect] of this.#failed) if (isSuspect) transports.suspend(failed);
    this.#failed.clear();
    transports.restore(transport);
    this.#asked.onConnection(transport.name);
  }

  #take(row: Row): void {
    const { isLast, positionAfter, onRow, signal } = this.#asked;
    if (signal.aborted || this.#isOver) return;
    this.#failures = 0;
    this.#hasRow = true;
    const position = positionAfter(row, this.#position);
    if (position !== null) {
      this.#position = position;
      onRow(row);
    }
    if (isLast(row)) this.#isOver = true;
  }

  /** Resolves with the time to wait until the next attempt. Throws the error if there is to be none. */
  async #afterError(error: unknown, transport: Transport): Promise<number> {
    const { transports, timing, tokens } = this.#connections;
    if (this.#asked.signal.aborted || this.#isOver) return 0;
    if (!(error instanceof LikenessError)) throw error;
    const { code, status, retryAfter } = error;
    const isOpen = this.#isOpen;
    if (isOpen && Date.now() - (this.#openedAt ?? 0) > STABLE_MS) this.#failures = 0;
    const waitMs = Math.max(backoff(timing, this.#failures), 1000 * (retryAfter ?? 0));
    if (code === 'NOT_FOUND' && this.#hasRow) {
      this.#isOver = true;
      return 0;
    }
    if (code === 'UNAUTHENTICATED') {
      this.#refusals += 1;
      if (this.#refusals > MAX_REFUSALS) throw error;
      // A function that fails is asked again before the next attempt.
      if (!(await tokens.hasAnother().catch(() => true))) throw error;
      return waitMs;
    }
    if (code === 'TOKEN_UNAVAILABLE' && this.#hasOpened) {
      this.#failures += 1;
      return waitMs;
    }
    // A wrong address has no API, only pages.
    const isWrongAddress = transports.isLast(transport) && status !== null && status >= 400 && status < 500;
    if (!PASSING.has(code) || (code === 'BAD_RESPONSE' && isWrongAddress && !this.#hasOpened)) throw error;
    if (isOpen) this.#failures += 1;
    const isUseless = !isOpen || this.#failures >= MAX_SHORT;
    if (isUseless) this.#failed.set(transport, code !== 'LIMIT_EXCEEDED');
    // The server has answered that it cannot at present; another transport would be told the same.
    if (code === 'SERVICE_UNAVAILABLE' || code === 'INTERNAL_SERVER_ERROR') {
      this.#failed.delete(transport);
      if (!isOpen) this.#failures += 1;
      return waitMs;
    }
    return isUseless && retryAfter === null ? 0 : waitMs;
  }
}

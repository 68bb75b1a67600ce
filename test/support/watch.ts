import type { GraphQLFormattedError } from 'graphql';
import { Condition } from './condition.ts';

/** What a transport tells a Watch. */
export type Sink = {
  next(data: unknown): void;
  failed(errors: readonly GraphQLFormattedError[]): void;
  /**
   * The stream is over. Without anything: it is complete, and a client does not come again. Otherwise its socket was
   * closed with that code, or its connection cut.
   */
  ended(without?: number | 'cut'): void;
};

/** Begins a subscription; what it returns ends it. */
export type Transport = (sink: Sink) => () => Promise<void>;

/** A running subscription. Everything it gets is kept, and every wait that ends in vain shows all of it. */
export class Watch<Row> implements AsyncIterable<Row> {
  readonly seen: Row[] = [];
  /** Null until the operation failed. */
  errors: readonly GraphQLFormattedError[] | null = null;
  hasEnded = false;
  /** How it ended when it was not completed: the socket's close code, or 'cut'. */
  closedWith: number | 'cut' | null = null;
  readonly #name: string;
  readonly #stop: () => Promise<void>;
  /** Index in `seen` of the first row no wait has looked at. */
  #read = 0;
  readonly #condition = new Condition();

  /** @param rowOf takes the row out of an event's data */
  constructor(name: string, transport: Transport, rowOf: (data: unknown) => Row) {
    this.#name = name;
    this.#stop = transport({
      next: (data) => {
        this.seen.push(rowOf(data));
        this.#condition.changed();
      },
      failed: (errors) => {
        this.errors = errors;
        this.#condition.changed();
      },
      ended: (without) => {
        this.hasEnded = true;
        this.closedWith ??= without ?? null;
        this.#condition.changed();
      },
    });
  }

  /** The next row, of those no wait has gone past, that fits. */
  until(fits: (row: Row) => boolean, what = String(fits)): Promise<Row> {
    return this.#wait(what, () => {
      for (let row = this.seen[this.#read]; row !== undefined; row = this.seen[this.#read]) {
        this.#read += 1;
        if (fits(row)) return row;
      }
      return null;
    });
  }

  next(): Promise<Row> {
    return this.until(() => true, 'a row');
  }

  /** Resolves with everything it got when the stream is over. */
  async ended(): Promise<readonly Row[]> {
    await this.#wait('its end', () => (this.hasEnded ? true : null), true);
    return this.seen;
  }

  /** Resolves with the errors of an operation that was refused. */
  refused(): Promise<readonly GraphQLFormattedError[]> {
    return this.#wait('being refused', () => this.errors, true);
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Row> {
    while (!this.hasEnded || this.#read < this.seen.length) yield await this.next();
  }

  #wait<T>(what: string, look: () => T | null, mayEnd = false): Promise<T> {
    const isOver = () => !mayEnd && (this.hasEnded || this.errors !== null);
    return this.#condition.until(look, isOver, (why) => this.#inVain(what, why));
  }

  #inVain(what: string, why: string): string {
    const rows = this.seen.map((row, index) => `  ${index}: ${JSON.stringify(row)}`).join('\n');
    const end = this.hasEnded ? `over (${this.closedWith ?? 'complete'})` : 'running';
    return `${this.#name}: waited in vain (${why}) for ${what}\nIt is ${end}, errors: ${JSON.stringify(this.errors)}\nSeen so far:\n${rows}`;
  }
}

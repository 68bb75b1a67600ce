/** Gives rows until it returns. Stops early when `signal` is aborted. */
export type Source<Row> = (onRow: (row: Row) => void, signal: AbortSignal) => Promise<void>;

/**
 * An async iterable over a source that begins with the first `next()`. A slow consumer gets the newest row of each key
 * instead of the ones it missed. It ends without an error when `signal` is aborted.
 */
export class Watch<Row> implements AsyncIterableIterator<Row, undefined> {
  readonly #source: Source<Row>;
  readonly #signal: AbortSignal | undefined;
  readonly #keyOf: (row: Row) => unknown;
  readonly #controller = new AbortController();
  readonly #stop = (): void => this.#finish(null);
  #hasBegun = false;
  /** The rows that nobody has taken yet, the newest of each key, in their order. */
  readonly #rows = new Map<unknown, Row>();
  #end: { readonly error: Error | null } | null = null;
  #waiting: ((step: Promise<IteratorResult<Row, undefined>>) => void)[] = [];

  /** @param keyOf left out: all rows have the same key */
  constructor(source: Source<Row>, signal?: AbortSignal, keyOf: (row: Row) => unknown = () => null) {
    this.#source = source;
    this.#signal = signal;
    this.#keyOf = keyOf;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Row, undefined>> {
    this.#begin();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#give();
    });
  }

  return(): Promise<IteratorResult<Row, undefined>> {
    this.#rows.clear();
    this.#stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (this.#signal?.aborted === true) this.#stop();
    if (this.#end !== null) return;
    this.#signal?.addEventListener('abort', this.#stop);
    this.#source((row) => {
      if (this.#end !== null) return;
      const key = this.#keyOf(row);
      this.#rows.delete(key);
      this.#rows.set(key, row);
      this.#give();
    }, this.#controller.signal).then(this.#stop, (error: unknown) => this.#finish(error as Error));
  }

  /** A row that nobody has taken yet is still given after the end. */
  #give(): void {
    for (const [key, value] of this.#rows) {
      const take = this.#waiting.shift();
      if (take === undefined) return;
      this.#rows.delete(key);
      take(Promise.resolve({ done: false, value }));
    }
    if (this.#end === null) return;
    for (const take of this.#waiting.splice(0)) {
      const { error } = this.#end;
      // The error is thrown once.
      this.#end = { error: null };
      take(error === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error));
    }
  }

  #finish(error: Error | null): void {
    if (this.#end !== null) return;
    this.#end = { error };
    this.#signal?.removeEventListener('abort', this.#stop);
    this.#controller.abort();
    this.#give();
  }
}

import type { WatchOptions } from './client.ts';

export type RowState<Row> = {
  /** The newest state; null before the first. */
  readonly row: Row | null;
  /** True until there is a row, an error or an end. */
  readonly isLoading: boolean;
  readonly isDeleted: boolean;
  /** It ended the updates. A lost connection is no error: the watch reconnects. */
  readonly error: Error | null;
};

/** The newest state of a row for React. It watches while it has listeners. */
export class RowStore<Row extends { readonly version: number }> {
  readonly #watch: ((options: WatchOptions) => AsyncIterable<Row>) | null;
  readonly #isLast: (row: Row) => boolean;
  readonly #listeners = new Set<() => void>();
  readonly #initial: RowState<Row>;
  #state: RowState<Row>;
  #controller: AbortController | null = null;

  /** @param watch null: there is nothing to watch */
  constructor(watch: ((options: WatchOptions) => AsyncIterable<Row>) | null, isLast: (row: Row) => boolean) {
    this.#watch = watch;
    this.#isLast = isLast;
    this.#state = this.#initial = { row: null, isLoading: watch !== null, isDeleted: false, error: null };
  }

  readonly initial = (): RowState<Row> => this.#initial;

  readonly state = (): RowState<Row> => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#controller === null) {
      this.#controller = new AbortController();
      void this.#follow(this.#controller.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#controller?.abort();
      this.#controller = null;
    };
  };

  async #follow(signal: AbortSignal): Promise<void> {
    if (this.#watch === null) return;
    const { row } = this.#state;
    try {
      for await (const next of this.#watch({ signal, ...(row && { afterVersion: row.version }) })) {
        if (signal.aborted) return;
        this.#set({ row: next, isLoading: false, isDeleted: false, error: null });
      }
      if (signal.aborted) return;
      const { row: last } = this.#state;
      const isDeleted = last === null || !this.#isLast(last);
      this.#set({ ...this.#state, isLoading: false, isDeleted });
    } catch (error) {
      if (!signal.aborted) this.#set({ ...this.#state, isLoading: false, error: error as Error });
    }
  }

  #set(state: RowState<Row>): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

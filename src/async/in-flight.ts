import { withTimeout } from './with-timeout.ts';

/** Work that has to come to its end before the process does, though nobody may be waiting for it any more. */
export class InFlight {
  readonly #work = new Set<Promise<unknown>>();

  /** The same promise, remembered until it is settled. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    const forget = () => this.#work.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Resolves when all of it is settled, or after `withinMs`. */
  async drain(withinMs: number): Promise<void> {
    await withTimeout(Promise.allSettled(this.#work), withinMs).catch(() => undefined);
  }
}

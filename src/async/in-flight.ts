import { withTimeout } from './with-timeout.ts';

/** Work that must end before the process does, even if no caller waits for it. */
export class InFlight {
  readonly #work = new Set<Promise<unknown>>();

  track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    const forget = () => this.#work.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Resolves when all tracked work is settled, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    await withTimeout(Promise.allSettled(this.#work), timeoutMs).catch(() => undefined);
  }
}

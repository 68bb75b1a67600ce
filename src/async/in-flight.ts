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

  /** Resolves when no tracked work is left, nor any that was tracked in the meantime, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    await withTimeout(this.#settled(), timeoutMs).catch(() => undefined);
  }

  async #settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }
}

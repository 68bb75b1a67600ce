/** Limits the places that are held at the same time: those of each key, and all of them. */
export class KeyedSemaphore {
  readonly #limit: number | null;
  readonly #total: number | null;
  readonly #held = new Map<string, number>();
  #heldInTotal = 0;

  /**
   * @param limit per key; null: no limit
   * @param total of all keys; null: no limit
   */
  constructor(limit: number | null, total: number | null = null) {
    this.#limit = limit;
    this.#total = total;
  }

  /** Takes a place; false when none is free. */
  tryAcquire(key: string): boolean {
    const held = this.#held.get(key) ?? 0;
    if (this.#limit !== null && held >= this.#limit) return false;
    if (this.#total !== null && this.#heldInTotal >= this.#total) return false;
    this.#held.set(key, held + 1);
    this.#heldInTotal += 1;
    return true;
  }

  /** Gives back a place that was taken. */
  release(key: string): void {
    const held = (this.#held.get(key) ?? 0) - 1;
    if (held > 0) this.#held.set(key, held);
    else this.#held.delete(key);
    this.#heldInTotal -= 1;
  }

  /** Holds a place while the work runs. Null when none is free: the work is not begun. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T | null> {
    if (!this.tryAcquire(key)) return null;
    try {
      return await work();
    } finally {
      this.release(key);
    }
  }
}

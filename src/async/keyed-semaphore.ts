/** Limits the places that each key holds at the same time. */
export class KeyedSemaphore {
  readonly #limit: number | null;
  readonly #held = new Map<string, number>();

  /** @param limit per key; null: no limit */
  constructor(limit: number | null) {
    this.#limit = limit;
  }

  /** Takes a place; false when none is free. */
  tryAcquire(key: string): boolean {
    const held = this.#held.get(key) ?? 0;
    if (this.#limit !== null && held >= this.#limit) return false;
    this.#held.set(key, held + 1);
    return true;
  }

  release(key: string): void {
    const held = (this.#held.get(key) ?? 0) - 1;
    if (held > 0) this.#held.set(key, held);
    else this.#held.delete(key);
  }
}

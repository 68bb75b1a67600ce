/** Releases what was acquired, in reverse order. */
export class Disposer {
  readonly #releases: (() => Promise<void> | void)[] = [];

  add(release: () => Promise<void> | void): void {
    this.#releases.push(release);
  }

  /**
   * Releases everything, also after one release failed: what was acquired first, such as the lock of a folder, is
   * released last. Safe to call again.
   *
   * @throws the first failure, when all is done
   */
  async dispose(): Promise<void> {
    const failures: unknown[] = [];
    for (let release = this.#releases.pop(); release !== undefined; release = this.#releases.pop()) {
      try {
        await release();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

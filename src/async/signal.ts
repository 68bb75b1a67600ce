/**
 * Lets a loop sleep until something happens. A ring while nobody waits is remembered, once however often it rings: the
 * one who wakes looks for itself at what is new, so a slow reader costs one flag, not a growing queue.
 */
export class Signal {
  #isRung = false;
  #wake: (() => void) | null = null;

  notify(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring (at once if it rang meanwhile) with true, or after `timeoutMs` with false. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    const wasRung = this.#isRung;
    this.#isRung = false;
    return wasRung;
  }
}

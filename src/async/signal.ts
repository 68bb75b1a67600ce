/**
 * An auto-reset event for one waiter. Notifications without a waiter are kept as one flag, so a slow waiter costs no
 * growing queue.
 */
export class Signal {
  #isSet = false;
  #wake: (() => void) | null = null;

  notify(): void {
    this.#isSet = true;
    this.#wake?.();
  }

  /** Resolves with true at a notification (at once if one is kept), or with false after `timeoutMs`. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (!this.#isSet) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    const wasSet = this.#isSet;
    this.#isSet = false;
    return wasSet;
  }
}

import { PATIENCE_MS } from './eventually.ts';

/** Waits for something that arriving messages make true. */
export class Condition {
  #onChange: (() => void)[] = [];

  /** Makes every wait look again. */
  changed(): void {
    for (const look of this.#onChange.splice(0)) look();
  }

  /**
   * The first result of `look` that is not null.
   *
   * @param isOver whether nothing more will arrive
   * @param describe the message of the error, for a wait that ended without a result
   */
  async until<T>(look: () => T | null, isOver: () => boolean, describe: (why: string) => string): Promise<T> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== null) return found;
      const left = giveUpAt - performance.now();
      if (isOver() || left <= 0) throw new Error(describe(isOver() ? 'it is over' : `${PATIENCE_MS} ms`));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onChange.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

/** Keeps a log short: each kind of thing is said when it first happens, and then at most once per interval. */
export class LogThrottle {
  readonly #everyMs: number;
  readonly #kinds = new Map<string, { saidAt: number; unsaid: number }>();

  /** Every kind is remembered for ever, so there should be few. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /**
   * Notes that it happened. How often it did since it was last said, this time included, when it is to be said now;
   * null when not.
   */
  times(kind: string): number | null {
    const known = this.#kinds.get(kind) ?? { saidAt: -Infinity, unsaid: 0 };
    this.#kinds.set(kind, known);
    known.unsaid += 1;
    if (performance.now() - known.saidAt < this.#everyMs) return null;
    const times = known.unsaid;
    known.saidAt = performance.now();
    known.unsaid = 0;
    return times;
  }
}

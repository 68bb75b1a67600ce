/** Logs each kind of event at its first occurrence, and then at most once per interval. */
export class LogThrottle {
  readonly #intervalMs: number;
  readonly #kinds = new Map<string, { loggedAt: number; count: number }>();

  /** Kinds are never forgotten, so there must be few. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Counts an occurrence. Returns the number since the last log line if a line is due now, else null. */
  times(kind: string): number | null {
    const known = this.#kinds.get(kind) ?? { loggedAt: -Infinity, count: 0 };
    this.#kinds.set(kind, known);
    known.count += 1;
    if (performance.now() - known.loggedAt < this.#intervalMs) return null;
    const times = known.count;
    known.loggedAt = performance.now();
    known.count = 0;
    return times;
  }
}

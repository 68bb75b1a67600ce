import type { Log } from '../log/log.ts';

/** Where an outage is told. */
export type OutageLog = Pick<Log, 'warn' | 'info'>;

/** However often keys come and go, in milliseconds. */
const SAY_EVERY_MS = 60_000;

/**
 * Tells the log when tokens cannot be checked: once an outage, though every request of it fails, and once a minute at
 * most. Its end is told too, if its beginning was.
 */
export class KeyOutage {
  readonly #log: OutageLog;
  readonly #now: () => number;
  #isTold = false;
  #toldAt = -Infinity;

  /** @param now milliseconds on a clock that never jumps back */
  constructor(log: OutageLog, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** A token could not be checked. */
  goesOn(error: unknown): void {
    if (this.#isTold || this.#now() - this.#toldAt < SAY_EVERY_MS) return;
    this.#isTold = true;
    this.#toldAt = this.#now();
    this.#log.warn({ err: error }, 'token keys unavailable: tokens cannot be verified');
  }

  /** A token could be checked. */
  ends(): void {
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#log.info({}, 'token keys available again');
  }
}

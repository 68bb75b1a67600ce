import { LogThrottle } from '../log/log-throttle.ts';
import { HOUR_MS, MINUTE_MS } from '../values/units.ts';
import type { Log } from '../log/log.ts';

/** Webhooks are refused from five minutes on; the operator is warned earlier. */
const WARN_FROM_MS = MINUTE_MS;
const WARN_EVERY_MS = HOUR_MS;

/** Compares this machine's clock with the `Date` of fal's responses. With a wrong clock every webhook looks stale. */
export class ClockSkew {
  readonly #log: Log;
  #skewMs = 0;
  readonly #warnings = new LogThrottle(WARN_EVERY_MS);

  constructor(log: Log) {
    this.#log = log;
  }

  /** Seconds fal's clock is ahead of ours by its last response; 0 before the first. */
  get seconds(): number {
    return Math.round(this.#skewMs / 1000);
  }

  /** @param date the `Date` header of a response that just arrived; ignored unless it is a date */
  notice(date: string | null): void {
    const theirs = Date.parse(date ?? '');
    if (Number.isNaN(theirs)) return;
    this.#skewMs = theirs - Date.now();
    if (Math.abs(this.#skewMs) < WARN_FROM_MS || this.#warnings.times('skew') === null) return;
    this.#log.warn(
      { skewSeconds: this.seconds },
      'clock skew between this machine and fal; webhooks are rejected from five minutes on',
    );
  }
}

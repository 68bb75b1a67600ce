import { LogThrottle } from '../log/log-throttle.ts';
import type { Log } from '../log/log.ts';

const MINUTE = 60_000;
/** Webhooks are refused from five minutes on; whoever runs the server should hear of it before. */
const WORTH_A_WORD_MS = MINUTE;
const SAID_AGAIN_AFTER_MS = 60 * MINUTE;

/** Compares this machine's clock with fal's, as its answers tell. A clock that is far off makes every webhook look stale. */
export class ClockSkew {
  readonly #log: Log;
  #skewMs = 0;
  readonly #warnings = new LogThrottle(SAID_AGAIN_AFTER_MS);

  constructor(log: Log) {
    this.#log = log;
  }

  /** How far fal's clock is ahead of ours, in seconds, as far as is known. */
  get seconds(): number {
    return Math.round(this.#skewMs / 1000);
  }

  /** @param date the `Date` header of an answer that came just now; what is no date says nothing */
  notice(date: string | null): void {
    const theirs = Date.parse(date ?? '');
    if (Number.isNaN(theirs)) return;
    this.#skewMs = theirs - Date.now();
    if (Math.abs(this.#skewMs) < WORTH_A_WORD_MS || this.#warnings.times('skew') === null) return;
    this.#log.warn(
      { skewSeconds: this.seconds },
      "this machine's clock and fal's differ; from five minutes on webhooks are refused and runs are found by polling",
    );
  }
}

import { LRUCache } from 'lru-cache';

const MINUTE_MS = 60_000;
/** Owners that are remembered. One that is forgotten, or was away for a minute, begins with a full bucket. */
const MAX_OWNERS = 10_000;

type Bucket = { readonly level: number; readonly at: number };

/** A token bucket for each owner, in units of operation cost: it holds one minute's worth and fills at that rate. */
export class CostLimit {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #buckets: LRUCache<string, Bucket>;

  /** @param now milliseconds on a clock that never jumps back */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
    this.#buckets = new LRUCache({ max: MAX_OWNERS });
  }

  /** Takes a cost out of the owner's bucket. Null: done; else nothing is taken, and it is worth trying after so many seconds. */
  take(ownerId: string, cost: number): number | null {
    const now = this.#now();
    const bucket = this.#buckets.get(ownerId) ?? { level: this.#perMinute, at: now };
    const filled = bucket.level + ((now - bucket.at) * this.#perMinute) / MINUTE_MS;
    const level = Math.min(this.#perMinute, filled);
    // An operation that costs more than a full bucket takes all of it.
    const taken = Math.max(1, Math.min(cost, this.#perMinute));
    if (taken > level) return Math.min(60, Math.ceil(((taken - level) / this.#perMinute) * 60));
    this.#buckets.set(ownerId, { level: level - taken, at: now });
    return null;
  }
}

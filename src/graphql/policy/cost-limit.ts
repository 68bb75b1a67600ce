import { LRUCache } from 'lru-cache';
import { MINUTE_MS } from '../../values/units.ts';

/** Owners in memory. An evicted owner starts with a full bucket again. */
const MAX_OWNERS = 10_000;

type Bucket = { readonly level: number; readonly at: number };

/** A token bucket for each owner, in units of operation cost. Its capacity is the cost per minute. */
export class CostLimit {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #buckets: LRUCache<string, Bucket>;

  /** @param now milliseconds of a monotonic clock */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
    this.#buckets = new LRUCache({ max: MAX_OWNERS });
  }

  /** Takes a cost from the owner's bucket and returns null, or takes nothing and returns the seconds until a retry. */
  take(ownerId: string, cost: number): number | null {
    const now = this.#now();
    const bucket = this.#buckets.get(ownerId) ?? { level: this.#perMinute, at: now };
    const filled = bucket.level + ((now - bucket.at) * this.#perMinute) / MINUTE_MS;
    const level = Math.min(this.#perMinute, filled);
    // An operation above the capacity takes a full bucket.
    const taken = Math.max(1, Math.min(cost, this.#perMinute));
    if (taken > level) return Math.min(60, Math.ceil(((taken - level) / this.#perMinute) * 60));
    this.#buckets.set(ownerId, { level: level - taken, at: now });
    return null;
  }
}

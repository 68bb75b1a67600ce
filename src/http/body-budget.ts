import { MB } from '../values/units.ts';

/**
 * Bytes of request bodies in memory at the same time, 64 MB in total. Each kind of sender has its own share, so that
 * anonymous senders cannot use up the share of authenticated callers or of fal.
 */
export const BODY_SHARES = {
  /** GraphQL requests with a valid token. */
  viewer: 24 * MB,
  /** GraphQL requests without a token, where these are allowed. */
  anonymous: 4 * MB,
  /** Webhooks to a callback URL of this deployment. */
  callback: 20 * MB,
  /** All other webhooks. */
  webhook: 16 * MB,
} as const;

/** Share of one viewer. */
export const VIEWER_BYTES = 2 * MB;

export class BodyBudget {
  readonly #limit: number;
  readonly #limitPerKey: number;
  readonly #used = new Map<string, number>();
  #total = 0;

  constructor(limit: number, limitPerKey = limit) {
    this.#limit = limit;
    this.#limitPerKey = limitPerKey;
  }

  fits(key: string, bytes: number): boolean {
    const used = this.#used.get(key) ?? 0;
    return this.#total + bytes <= this.#limit && used + bytes <= this.#limitPerKey;
  }

  /** False if the bytes do not fit. */
  reserve(key: string, bytes: number): boolean {
    if (!this.fits(key, bytes)) return false;
    this.#total += bytes;
    this.#used.set(key, (this.#used.get(key) ?? 0) + bytes);
    return true;
  }

  release(key: string, bytes: number): void {
    this.#total -= bytes;
    const left = (this.#used.get(key) ?? 0) - bytes;
    if (left > 0) this.#used.set(key, left);
    else this.#used.delete(key);
  }
}

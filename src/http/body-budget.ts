const MB = 1_000_000;

/**
 * Bytes of request bodies that may be in memory at the same time, by who sends them. The sum is 64 MB. Each kind has
 * its own share, so that strangers cannot use up the share of signed-in callers or of fal.
 */
export const BODY_SHARES = {
  /** GraphQL requests with a valid token. */
  viewer: 24 * MB,
  /** GraphQL requests without one, where those are answered at all. */
  anonymous: 4 * MB,
  /** Webhooks to a callback URL that this deployment made. */
  callback: 20 * MB,
  /** All other webhooks. */
  webhook: 16 * MB,
} as const;

/** What one viewer may use of the viewers' share. */
export const VIEWER_BYTES = 2 * MB;

/** Counts the bytes of one share. */
export class BodyBudget {
  readonly #limit: number;
  readonly #limitPerKey: number;
  readonly #used = new Map<string, number>();
  #total = 0;

  /** @param limitPerKey what one key may use of it; left out: all of it */
  constructor(limit: number, limitPerKey = limit) {
    this.#limit = limit;
    this.#limitPerKey = limitPerKey;
  }

  /** Whether so many bytes fit now. */
  fits(key: string, bytes: number): boolean {
    const used = this.#used.get(key) ?? 0;
    return this.#total + bytes <= this.#limit && used + bytes <= this.#limitPerKey;
  }

  /** Reserves bytes; false when they do not fit. */
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

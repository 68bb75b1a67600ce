import { publicKeyFrom } from './verify.ts';
import { readText } from './read-text.ts';
import { z } from 'zod';
import type { KeyObject } from 'node:crypto';
import type { Log } from '../jobs/ports.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** Keys are trusted this long after they were fetched. */
const MAX_AGE_MS = 24 * HOUR;
/** At most one fetch per cooldown, however many unknown signatures arrive. */
const COOLDOWN_MS = 60 * SECOND;
const FETCH_TIMEOUT_MS = 5 * SECOND;
const MAX_BYTES = 64 * 1024;

const jwksSchema = z.object({
  keys: z
    .array(
      z
        .looseObject({
          x: z.string(),
          kty: z.literal('OKP').optional(),
          crv: z.literal('Ed25519').optional(),
        })
        .nullable()
        .catch(null),
    )
    .max(50),
});

/** fal's public keys, fetched when needed and kept. */
export class KeySet {
  readonly #url: string;
  readonly #log: Log;
  readonly #now: () => number;
  #keys: readonly KeyObject[] = [];
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #fetching: Promise<void> | null = null;

  /** @param now milliseconds on a clock that never jumps back */
  constructor(url: string, log: Log, now: () => number = () => performance.now()) {
    this.#url = url;
    this.#log = log;
    this.#now = now;
  }

  /** The keys to verify with; null when none are known that are still to be trusted. */
  async current(): Promise<readonly KeyObject[] | null> {
    if (this.#isExpired()) await this.#refetch();
    return this.#isExpired() ? null : this.#keys;
  }

  /** The keys after a signature that none of them made: fetched anew, unless that was done just now. */
  async refreshed(): Promise<readonly KeyObject[] | null> {
    await this.#refetch();
    return this.#isExpired() ? null : this.#keys;
  }

  #isExpired(): boolean {
    return this.#now() - this.#fetchedAt > MAX_AGE_MS;
  }

  async #refetch(): Promise<void> {
    if (this.#fetching === null) {
      // With no keys at all a lasting outage would refuse every webhook for a cooldown too long.
      const cooldownMs = this.#keys.length === 0 ? SECOND : COOLDOWN_MS;
      if (this.#now() - this.#triedAt < cooldownMs) return;
      this.#triedAt = this.#now();
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = null;
      });
    }
    await this.#fetching;
  }

  async #fetch(): Promise<void> {
    try {
      const response = await fetch(this.#url, {
        redirect: 'error',
        signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const { keys } = jwksSchema.parse(JSON.parse(await readText(response, MAX_BYTES)));
      const usable = keys.flatMap((key) => (key === null ? [] : (publicKeyFrom(key.x) ?? [])));
      if (usable.length === 0) throw new Error('no usable ED25519 key in it');
      this.#keys = usable;
      this.#fetchedAt = this.#now();
    } catch (error) {
      this.#log.warn({ err: error, knownKeys: this.#keys.length }, "fal's public keys could not be fetched");
    }
  }
}

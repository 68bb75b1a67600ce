import { readText } from '../async/read-text.ts';
import { SECOND_MS } from '../values/units.ts';

const FETCH_TIMEOUT_MS = 5 * SECOND_MS;
const MAX_BYTES = 64 * 1024;
/** Cooldown while no keys are known. */
const COOLDOWN_WITHOUT_KEYS_MS = SECOND_MS;

type RemoteJwksOptions<Keys> = {
  readonly url: string;
  /** Reads the keys in the fetched JSON; throws if there are none. */
  readonly parse: (json: unknown) => Keys;
  /** Older keys are fetched again before use. Default: when they are no longer trusted. */
  readonly maxAgeMs?: number;
  /** Maximum age of keys that cannot be fetched again: an outage of their issuer must not become ours. */
  readonly trustedMs: number;
  /** Minimum time between fetches: anyone can send signatures of unknown keys. */
  readonly cooldownMs: number;
  /** Default: five seconds. */
  readonly timeoutMs?: number;
  readonly onFailure: (failure: FetchFailure<Keys>) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
};

export type FetchFailure<Keys> = {
  readonly error: Error;
  /** Keys that stay in use; null if there are none. */
  readonly known: Keys | null;
};

/**
 * A cache of the keys that an issuer publishes (JSON Web Key Set, RFC 7517). Fetches are single-flight, limited in time
 * and size, and follow no redirects.
 */
export class RemoteJwks<Keys> {
  readonly #options: RemoteJwksOptions<Keys>;
  readonly #now: () => number;
  #fetched: { readonly keys: Keys; readonly at: number } | null = null;
  #triedAt = -Infinity;
  #fetching: Promise<void> | null = null;
  #failure: Error | null = null;

  constructor(options: RemoteJwksOptions<Keys>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Trusted keys, or null, without a fetch. */
  get known(): Keys | null {
    return this.#trusted();
  }

  /** Trusted keys, or null. Fetches them if they are too old. */
  async current(): Promise<Keys | null> {
    const { maxAgeMs = Infinity } = this.#options;
    if (this.#trusted() === null || this.#age() >= maxAgeMs) await this.#refetch();
    return this.#trusted();
  }

  /** Trusted keys, or null, after a signature that fits none of the current ones. Fetches them unless in the cooldown. */
  async refreshed(): Promise<Keys | null> {
    await this.#refetch();
    return this.#trusted();
  }

  /** Error of the last fetch; null if it succeeded. */
  get failure(): Error | null {
    return this.#failure;
  }

  #age(): number {
    return this.#now() - (this.#fetched?.at ?? -Infinity);
  }

  #trusted(): Keys | null {
    return this.#fetched !== null && this.#age() <= this.#options.trustedMs ? this.#fetched.keys : null;
  }

  async #refetch(): Promise<void> {
    if (this.#fetching === null) {
      const cooldownMs = this.#trusted() === null ? COOLDOWN_WITHOUT_KEYS_MS : this.#options.cooldownMs;
      if (this.#now() - this.#triedAt < cooldownMs) return;
      this.#triedAt = this.#now();
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = null;
      });
    }
    await this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { url, parse, onFailure, timeoutMs = FETCH_TIMEOUT_MS } = this.#options;
    try {
      this.#fetched = { keys: parse(await fetchJson(url, timeoutMs)), at: this.#now() };
      this.#failure = null;
    } catch (thrown) {
      this.#failure = thrown instanceof Error ? thrown : new Error(String(thrown));
      onFailure({ error: this.#failure, known: this.#trusted() });
    }
  }
}

async function fetchJson(url: string, timeoutMs: number): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return JSON.parse(await readText(response, MAX_BYTES));
}

import { readText } from './read-text.ts';

const SECOND = 1000;
const FETCH_TIMEOUT_MS = 5 * SECOND;
const MAX_BYTES = 64 * 1024;
/** The cooldown while no keys are known: until then nothing signed is believed. */
const COOLDOWN_WITHOUT_KEYS_MS = SECOND;

export type RemoteJwksOptions<Keys> = {
  readonly url: string;
  /** The keys in the fetched JSON; throws when there are none to use. */
  readonly parse: (json: unknown) => Keys;
  /** Keys of this age are fetched again before they are used; without it only when they are trusted no longer. */
  readonly maxAgeMs?: number;
  /** Keys are used up to this age while they cannot be fetched: their issuer's outage is not to become ours. */
  readonly trustedMs: number;
  /** From one fetch to the next at least: anybody can send what no known key has signed. */
  readonly cooldownMs: number;
  readonly onFailure: (failure: FetchFailure<Keys>) => void;
  /** Milliseconds on a clock that never jumps back. */
  readonly now?: () => number;
};

export type FetchFailure<Keys> = {
  readonly error: Error;
  /** The keys that are used on; null when there are none. */
  readonly known: Keys | null;
  /** False when the fetch before it failed too. */
  readonly isFirst: boolean;
};

/**
 * A cache of the keys that an issuer publishes at an address (a JSON Web Key Set, RFC 7517). Fetches are single-flight
 * and bounded in time and size, and follow no redirect.
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

  /** The keys to verify with; null when none are known that are still trusted. */
  async current(): Promise<Keys | null> {
    const { maxAgeMs = Infinity } = this.#options;
    if (this.#trusted() === null || this.#age() >= maxAgeMs) await this.#refetch();
    return this.#trusted();
  }

  /** The keys after a signature that fits none of them: fetched again, unless that was done just now. */
  async refreshed(): Promise<Keys | null> {
    await this.#refetch();
    return this.#trusted();
  }

  /** What the last fetch threw; null after one that succeeded. */
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
    const { url, parse, onFailure } = this.#options;
    try {
      this.#fetched = { keys: parse(await fetchJson(url)), at: this.#now() };
      this.#failure = null;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const isFirst = this.#failure === null;
      this.#failure = error;
      onFailure({ error, known: this.#trusted(), isFirst });
    }
  }
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return JSON.parse(await readText(response, MAX_BYTES));
}

import {
  createRemoteJWKSet,
  errors,
  jwksCache,
  type ExportedJWKSCache,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
} from 'jose';
import type { OutageLog } from './key-outage.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Keys are fetched again when they are older; until then one that was taken back still counts. */
const FRESH_MS = 10 * MINUTE;
/** While they cannot be fetched, those that are known are used this long: their issuer's outage is not to become ours. */
const TRUSTED_MS = 24 * HOUR;
/** From one fetch to the next at least, whatever tokens are sent here: anybody can send some of unknown keys. */
const FETCH_EVERY_MS = 30 * SECOND;
/** The same as long as no keys are known: nobody is let in until then. */
const FETCH_FIRST_EVERY_MS = SECOND;

/**
 * The keys that an issuer publishes at an address (a JSON Web Key Set, RFC 7517). A key that is not among those known
 * makes them be fetched again. What it gives throws what the last fetch threw when that leaves the key unknown.
 */
export function publishedKeys(url: string, log: OutageLog): JWTVerifyGetKey {
  /** Filled at every fetch that succeeds. */
  const cache: Partial<ExportedJWKSCache> = {};
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: TRUSTED_MS,
    cooldownDuration: Infinity, // it fetches nothing by itself but the first keys
    [jwksCache]: cache as JWKSCacheInput,
  });
  let triedAt = -Infinity;
  let failure: Error | null = null;
  const isKnown = () => isWithin(TRUSTED_MS, cache.uat ?? -Infinity);

  async function fetchAgain(): Promise<void> {
    const everyMs = isKnown() ? FETCH_EVERY_MS : FETCH_FIRST_EVERY_MS;
    if (!keys.reloading && isWithin(everyMs, triedAt)) return;
    triedAt = Date.now();
    try {
      await keys.reload();
      failure = null;
    } catch (error) {
      if (isKnown() && failure === null)
        log.warn({ err: error }, 'the keys of tokens could not be fetched again; those known are used');
      failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  return async (header, token) => {
    if (!isWithin(FRESH_MS, cache.uat ?? -Infinity)) await fetchAgain();
    if (!isKnown()) throw failure ?? new Error('no keys are known');
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await fetchAgain();
    // It may be one of those that could not be fetched.
    if (failure !== null) throw failure;
    return keys(header, token);
  };
}

/** False also for a moment that a clock set back has made one to come. */
function isWithin(ms: number, since: number): boolean {
  const now = Date.now();
  return since <= now && now - since < ms;
}

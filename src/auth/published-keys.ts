import {
  createRemoteJWKSet,
  jwksCache,
  type ExportedJWKSCache,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
} from 'jose';
import type { OutageLog } from './key-outage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Keys are fetched again when they are older; until then one that was taken back still counts. */
const FRESH_MS = 10 * MINUTE;
/** While they cannot be fetched, those that are known are used this long: their issuer's outage is not to become ours. */
const TRUSTED_MS = 24 * HOUR;
/** Nobody waits for a fetch more often than this while none succeeds. */
const TRY_EVERY_MS = MINUTE;

/**
 * The keys that an issuer publishes at an address (a JSON Web Key Set, RFC 7517). One that is not among them makes them
 * be fetched at once, at most every 30 s.
 */
export function publishedKeys(url: string, log: OutageLog): JWTVerifyGetKey {
  /** Filled at every fetch that succeeds. */
  const cache: Partial<ExportedJWKSCache> = {};
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: TRUSTED_MS,
    [jwksCache]: cache as JWKSCacheInput,
  });
  let triedAt = -Infinity;
  const refresh = async () => {
    const now = Date.now();
    const { uat: fetchedAt } = cache;
    if (fetchedAt === undefined || isWithin(FRESH_MS, fetchedAt, now)) return;
    if (isWithin(TRY_EVERY_MS, triedAt, now)) return;
    triedAt = now;
    try {
      await keys.reload();
    } catch (error) {
      log.warn({ err: error }, 'the keys of tokens could not be fetched again; those known are used');
    }
  };
  return async (header, token) => {
    await refresh();
    return keys(header, token);
  };
}

/** False also for a moment that a clock set back has made one to come. */
function isWithin(ms: number, since: number, now: number): boolean {
  return since <= now && now - since < ms;
}

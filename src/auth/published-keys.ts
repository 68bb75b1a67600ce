import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { RemoteJwks } from '../jwks/remote-jwks.ts';
import type { OutageLog } from './key-outage.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * The keys that tokens are signed with, by `kid` and `alg`. A token whose key is unknown makes them be fetched again.
 * What it gives throws what the last fetch threw when that leaves the key unknown.
 *
 * @param now milliseconds on a clock that never jumps back
 */
export function publishedKeys(url: string, log: OutageLog, now: () => number): JWTVerifyGetKey {
  const jwks = new RemoteJwks({
    url,
    // It checks for itself that it is given a key set.
    parse: (json) => createLocalJWKSet(json as JSONWebKeySet),
    maxAgeMs: 10 * MINUTE, // until then a key that was taken back still counts
    trustedMs: 24 * HOUR,
    cooldownMs: 30 * SECOND,
    onFailure({ error, known, isFirst }) {
      if (known !== null && isFirst)
        log.warn({ err: error }, 'token keys not refreshed; using the known ones');
    },
    now,
  });

  return async (header, token) => {
    const known = await jwks.current();
    if (known === null) throw noKeys();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    const refreshed = await jwks.refreshed();
    // The key may be one of those that could not be fetched.
    if (refreshed === null || jwks.failure !== null) throw noKeys();
    return refreshed(header, token);
  };

  function noKeys(): Error {
    return jwks.failure ?? new Error('no keys are known');
  }
}

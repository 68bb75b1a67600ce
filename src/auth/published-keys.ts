import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { RemoteJwks } from '../jwks/remote-jwks.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../values/units.ts';
import type { Log } from '../log/log.ts';

const LOG_LINES = {
  stale: 'token keys not refreshed; verifying tokens with the known keys only',
  unavailable: 'token keys unavailable; tokens cannot be verified',
} as const;

export type TokenKeys = {
  /** The key of a token. */
  readonly find: JWTVerifyGetKey;
  /** The trusted key set, another object after every fetch; null if there is none. Fetches it if it is too old. */
  readonly current: () => object | null | Promise<object | null>;
  /** The same without a fetch. */
  readonly known: () => object | null;
};

/**
 * Token keys of an issuer, by `kid` and `alg`. An unknown key causes a new fetch. Throws the error of the last fetch if
 * the key may be one that could not be fetched. An outage is logged once, and its end if no keys were known.
 *
 * @param now milliseconds of a monotonic clock
 */
export function publishedKeys(url: string, log: Pick<Log, 'warn' | 'info'>, now: () => number): TokenKeys {
  let state: 'fresh' | keyof typeof LOG_LINES = 'fresh';
  const jwks = new RemoteJwks({
    url,
    parse(json) {
      // Throws for anything but a key set.
      const keys = createLocalJWKSet(json as JSONWebKeySet);
      if (state === 'unavailable') log.info({}, 'token keys available again');
      state = 'fresh';
      return keys;
    },
    maxAgeMs: 10 * MINUTE_MS, // until then a revoked key is accepted
    trustedMs: DAY_MS,
    cooldownMs: 30 * SECOND_MS,
    onFailure({ error, known }) {
      const failed = known === null ? 'unavailable' : 'stale';
      if (state !== failed) log.warn({ err: error }, LOG_LINES[failed]);
      state = failed;
    },
    now,
  });

  const find: JWTVerifyGetKey = async (header, token) => {
    const known = await jwks.current();
    if (known === null) throw noKeys();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    const refreshed = await jwks.refreshed();
    if (refreshed === null || jwks.failure !== null) throw noKeys();
    return refreshed(header, token);
  };
  return { find, current: () => jwks.current(), known: () => jwks.known };

  function noKeys(): Error {
    return jwks.failure ?? new Error('no keys are known');
  }
}

import {
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose';
import { KeyOutage, type OutageLog } from './key-outage.ts';
import { publishedKeys } from './published-keys.ts';
import type { AuthConfig } from '../config/config.ts';
import type { Viewer } from './viewer.ts';

export type Identity =
  | { readonly kind: 'viewer'; readonly viewer: Viewer }
  /** Tokens are needed and none was given. */
  | { readonly kind: 'none' }
  /** A token was given and is not good; `reason` may be told to whoever sent it. */
  | { readonly kind: 'bad'; readonly reason: string }
  /** The keys could not be fetched: nobody can tell whether the token is good. */
  | { readonly kind: 'unavailable' };

/** Tells who sent an `authorization` value, wherever it came with: HTTP header or WebSocket connection_init. */
export type Authenticate = (authorization: string | null) => Promise<Identity>;

/** The owner of everything where no tokens are used. */
export const LOCAL_OWNER = 'local';

/** What signs tokens. `none` and every mix of secret and public key are refused by naming what is allowed. */
const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'];
const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

/** Seconds by which clocks may differ. */
const CLOCK_TOLERANCE_S = 5;
/** By how much an issuer's clock may be ahead: a fresh token is not to be refused for it. */
const ISSUER_CLOCK_TOLERANCE_S = 60;
/** Some issuers give service tokens ten years. */
const LONGEST_LIFE_S = 20 * 365 * 86_400;

/**
 * @param log told when the keys of tokens cannot be fetched, and when they can again
 * @param now milliseconds on a clock that never jumps back, for the age of those keys
 */
export function createAuthenticate(
  config: AuthConfig,
  log: OutageLog,
  now: () => number = () => performance.now(),
): Authenticate {
  if (config.kind === 'LOCAL') {
    const viewer = { ownerId: LOCAL_OWNER, expiresAt: null };
    return () => Promise.resolve({ kind: 'viewer', viewer });
  }
  const { keys, issuer, audience } = config;
  const outage = new KeyOutage(log, now);
  const key = 'secret' in keys ? sharedSecret(keys.secret) : publishedKeys(keys.jwksUrl, log, now);
  const options = {
    algorithms: 'secret' in keys ? SECRET_ALGORITHMS : PUBLIC_KEY_ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_S,
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };

  return async (authorization) => {
    if (authorization === null || authorization === '') return { kind: 'none' };
    const token = /^Bearer +([\w~+/.=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined) return { kind: 'bad', reason: 'the authorization value is not a bearer token' };
    try {
      const { payload } = await verified(token, key, options);
      outage.ends();
      if (typeof payload.sub !== 'string' || !SUBJECT.test(payload.sub) || !payload.sub.isWellFormed()) {
        return { kind: 'bad', reason: 'the token has no valid subject (sub)' };
      }
      const problem = problemWithTimes(payload, Date.now() / 1000);
      if (problem !== null) return { kind: 'bad', reason: problem };
      const expiresAt = payload.exp === undefined ? null : payload.exp * 1000;
      return { kind: 'viewer', viewer: { ownerId: payload.sub, expiresAt } };
    } catch (error) {
      const identity = identityOf(error);
      if (identity.kind === 'unavailable') outage.goesOn(error);
      return identity;
    }
  };
}

/**
 * What a signature does not rule out: a time of issue to come, and an end so far away that the issuer must have meant
 * another unit. Null when the times make sense.
 *
 * @param now Unix time in seconds
 */
function problemWithTimes({ iat, exp }: JWTPayload, now: number): string | null {
  if (iat !== undefined && iat > now + ISSUER_CLOCK_TOLERANCE_S)
    return 'the token was issued in the future (iat)';
  if (exp !== undefined && exp > now + LONGEST_LIFE_S)
    return 'the token expires more than 20 years from now (exp is in seconds)';
  return null;
}

/** Made ready once for each algorithm: doing that for every token takes as long as checking it. */
function sharedSecret(secret: string): JWTVerifyGetKey {
  const bytes = new TextEncoder().encode(secret);
  const keys = new Map<string, Promise<CryptoKey>>();
  // It is one of SECRET_ALGORITHMS: others have been refused by now.
  return ({ alg }) => {
    const ready = keys.get(alg);
    if (ready !== undefined) return ready;
    const hmac = { name: 'HMAC', hash: `SHA-${alg.slice('HS'.length)}` };
    const key = crypto.subtle.importKey('raw', bytes, hmac, false, ['verify']);
    keys.set(alg, key);
    return key;
  };
}

/** What can be stored as an owner: no control characters, which PostgreSQL or a log could not take. */
const SUBJECT = /^\P{Cc}{1,255}$/u;

/** A token that does not say which of several keys signed it is tried with each of them. */
async function verified(
  token: string,
  key: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, key, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const candidate of error) {
      try {
        return await jwtVerify(token, candidate, options);
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function identityOf(error: unknown): Identity {
  if (error instanceof errors.JWTExpired) return { kind: 'bad', reason: 'the token has expired' };
  if (error instanceof errors.JWTClaimValidationFailed) {
    return { kind: 'bad', reason: `the claim ${error.claim} of the token is not accepted` };
  }
  if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid)) {
    return { kind: 'bad', reason: 'the token is not valid' };
  }
  return { kind: 'unavailable' };
}

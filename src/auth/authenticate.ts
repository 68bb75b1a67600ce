import {
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose';
import { LRUCache } from 'lru-cache';
import { DAY_S } from '../values/units.ts';
import { publishedKeys, type TokenKeys } from './published-keys.ts';
import type { AuthConfig } from '../config/config.ts';
import type { Log } from '../log/log.ts';
import type { Viewer } from './viewer.ts';

type ViewerIdentity = { readonly kind: 'viewer'; readonly viewer: Viewer };

export type Identity =
  | ViewerIdentity
  /** A token is required and missing. */
  | { readonly kind: 'none' }
  /** The token is invalid. The sender may see `reason`. */
  | { readonly kind: 'bad'; readonly reason: string }
  /** The keys could not be fetched, so the token may be valid. */
  | { readonly kind: 'unavailable' };

/** Identifies the sender by an `authorization` value, from an HTTP header or from WebSocket connection_init. */
export type Authenticate = (authorization: string | null) => Promise<Identity>;

/** Owner of all rows in a deployment without tokens. */
export const LOCAL_OWNER = 'local';

/** Allowlists: `none`, and a public key used as a secret, are refused. */
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

const CLOCK_TOLERANCE_S = 5;
/** The clock of an issuer may be ahead: a new token must not be refused. */
const ISSUER_CLOCK_TOLERANCE_S = 60;
/** Some issuers give service tokens a lifetime of ten years. */
const MAX_LIFETIME_S = 20 * 365 * DAY_S;
/** No control characters, which PostgreSQL and logs cannot store. */
const SUBJECT = /^\P{Cc}{1,255}$/u;

/** In characters: about 10,000 tokens. Verifying one takes 0.1 ms. */
const MAX_REMEMBERED = 8_000_000;

type VerifiedToken = { readonly keySet: object; readonly identity: ViewerIdentity };

/** @param now milliseconds of a monotonic clock, for the age of published keys */
export function createAuthenticate(
  config: AuthConfig,
  log: Pick<Log, 'warn' | 'info'>,
  now: () => number = () => performance.now(),
): Authenticate {
  if (config.kind === 'LOCAL') {
    const viewer = { ownerId: LOCAL_OWNER, expiresAt: null };
    return () => Promise.resolve({ kind: 'viewer', viewer });
  }
  const { keys, issuer, audience } = config;
  const tokenKeys = 'secret' in keys ? sharedSecret(keys.secret) : publishedKeys(keys.jwksUrl, log, now);
  // A later verification has the same outcome, until the token expires or the keys change.
  const verifiedTokens = new LRUCache<string, VerifiedToken>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: (_token, text) => text.length,
  });
  const options = {
    algorithms: 'secret' in keys ? SECRET_ALGORITHMS : PUBLIC_KEY_ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_S,
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };

  return async (authorization) => {
    if (authorization === null || authorization === '') return { kind: 'none' };
    const token = /^Bearer +([\w~+/.=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined) return bad('the authorization value is not a bearer token');
    const remembered = verifiedTokens.get(token);
    if (
      remembered !== undefined &&
      !hasExpired(remembered.identity) &&
      remembered.keySet === (await tokenKeys.current())
    )
      return remembered.identity;
    try {
      const keySet = tokenKeys.known();
      const { payload } = await verified(token, tokenKeys.find, options);
      const identity = identityIn(payload, Date.now() / 1000);
      // Keys that were fetched in between may not include the one that signed it.
      if (identity.kind === 'viewer' && keySet !== null && keySet === tokenKeys.known())
        verifiedTokens.set(token, { keySet, identity });
      return identity;
    } catch (error) {
      return identityOf(error);
    }
  };
}

/** @param now Unix time in seconds */
function identityIn({ sub, iat, exp }: JWTPayload, now: number): Identity {
  if (typeof sub !== 'string' || !SUBJECT.test(sub) || !sub.isWellFormed())
    return bad('the token has no valid subject (sub)');
  if (iat !== undefined && iat > now + ISSUER_CLOCK_TOLERANCE_S)
    return bad('the token was issued in the future (iat)');
  if (exp !== undefined && exp > now + MAX_LIFETIME_S)
    return bad('the token expires more than 20 years from now (exp is in seconds)');
  return { kind: 'viewer', viewer: { ownerId: sub, expiresAt: exp === undefined ? null : exp * 1000 } };
}

function hasExpired({ viewer: { expiresAt } }: ViewerIdentity): boolean {
  return expiresAt !== null && expiresAt + CLOCK_TOLERANCE_S * 1000 <= Date.now();
}

function sharedSecret(secret: string): TokenKeys {
  const bytes = new TextEncoder().encode(secret);
  return { find: () => bytes, current: () => bytes, known: () => bytes };
}

/** Tries every matching key if the token does not name one of several. */
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
  if (error instanceof errors.JWTExpired) return bad('the token has expired');
  if (error instanceof errors.JWTClaimValidationFailed)
    return bad(`the claim ${error.claim} of the token is not accepted`);
  if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid))
    return bad('the token is not valid');
  return { kind: 'unavailable' };
}

/** The identity of a sender whose token is invalid. */
export function bad(reason: string): Identity {
  return { kind: 'bad', reason };
}

import { createHash, createPublicKey, verify as verifySignature, type KeyObject } from 'node:crypto';

/** Why a webhook is rejected. */
export type VerificationFailure =
  /** A header is missing, repeated or malformed. */
  | 'malformed'
  /** The run belongs to another fal account than the pinned one. */
  | 'other-account'
  /** Signed more than the tolerance before or after now. */
  | 'stale'
  /** No known key made this signature. */
  | 'bad-signature';

export type Verdict =
  | { readonly kind: 'genuine'; readonly requestId: string }
  | { readonly kind: 'refused'; readonly because: VerificationFailure };

/** In seconds, before or after our time. */
export const TOLERANCE_SECONDS = 300;

/** The signature header and the three headers it covers. */
export type SignedHeaders = {
  readonly requestId: string;
  readonly userId: string;
  /** Unix time in seconds. */
  readonly timestamp: string;
  /** Lower-case hex. */
  readonly signature: string;
};

export type HeaderCheck =
  | { readonly kind: 'plausible'; readonly signed: SignedHeaders }
  | { readonly kind: 'refused'; readonly because: Exclude<VerificationFailure, 'bad-signature'> };

/**
 * Checks the form of the headers, the account and the time, which takes neither body nor keys.
 *
 * @param now Unix time in milliseconds
 * @param accountId the only accepted account; null accepts all
 */
export function checkHeaders(headers: Headers, now: number, accountId: string | null): HeaderCheck {
  const requestId = headers.get('x-fal-webhook-request-id') ?? '';
  const userId = headers.get('x-fal-webhook-user-id') ?? '';
  const timestamp = headers.get('x-fal-webhook-timestamp') ?? '';
  const signature = headers.get('x-fal-webhook-signature') ?? '';
  if (!ID.test(requestId) || !ID.test(userId) || !TIMESTAMP.test(timestamp) || !SIGNATURE.test(signature)) {
    return { kind: 'refused', because: 'malformed' };
  }
  if (accountId !== null && userId !== accountId) return { kind: 'refused', because: 'other-account' };
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS)
    return { kind: 'refused', because: 'stale' };
  return { kind: 'plausible', signed: { requestId, userId, timestamp, signature } };
}

/**
 * Checks whether fal signed a webhook. Pure.
 *
 * fal signs (ED25519) four lines joined by line feeds: request id, account id, Unix time in seconds, and the lower-case
 * hex SHA-256 of the raw body. The URL is not signed, and fal uses the same keys for all customers: a genuine webhook was
 * sent by fal, but may be about somebody else's run.
 *
 * @param body the raw bytes
 * @param keys fal's public keys; any of them may have signed
 * @param now Unix time in milliseconds
 * @param accountId the only accepted account; null accepts all
 */
export function verify(
  body: Uint8Array,
  headers: Headers,
  keys: readonly KeyObject[],
  now: number,
  accountId: string | null = null,
): Verdict {
  const check = checkHeaders(headers, now, accountId);
  if (check.kind === 'refused') return check;
  if (keys.length === 0) return { kind: 'refused', because: 'bad-signature' };

  const { requestId, userId, timestamp, signature } = check.signed;
  const digest = createHash('sha256').update(body).digest('hex');
  const message = Buffer.from([requestId, userId, timestamp, digest].join('\n'), 'utf8');
  const signatureBytes = Buffer.from(signature, 'hex');
  return keys.some((key) => verifySignature(null, message, key, signatureBytes))
    ? { kind: 'genuine', requestId }
    : { kind: 'refused', because: 'bad-signature' };
}

/** Visible ASCII without the comma, which joins repeated headers. */
const ID = /^[!-+\--~]{1,256}$/;
const TIMESTAMP = /^\d{1,12}$/;
const SIGNATURE = /^[0-9a-f]{128}$/;

/**
 * A public key from the `x` of a JWK (base64url of 32 bytes); null when it is invalid. Points of low order are invalid:
 * Node imports them, and with such a key one signature fits any message.
 */
export function publicKeyFrom(x: string): KeyObject | null {
  if (!/^[A-Za-z0-9_-]{43}$/.test(x)) return null;
  const bytes = Buffer.from(x, 'base64url');
  if (bytes.length !== 32 || isLowOrder(bytes)) return null;
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return null;
  }
}

/**
 * The y coordinates of the curve's eight points of small order, in their canonical and non-canonical encodings
 * (little-endian hex, sign bit cleared). Source: "Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko, 2020, table 6.
 */
const LOW_ORDER_Y = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

function isLowOrder(key: Buffer): boolean {
  const y = Buffer.from(key);
  y[31] = (y[31] ?? 0) & 0x7f;
  return LOW_ORDER_Y.has(y.toString('hex'));
}

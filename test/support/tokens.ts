import { SignJWT, type JWTPayload } from 'jose';

type SigningKey = Parameters<SignJWT['sign']>[0];

export const JWT_SECRET = 'a secret that is only for tests and long enough';

/** Unix time in seconds, that much from now. */
export function inSeconds(seconds: number): number {
  return Date.now() / 1000 + seconds;
}

/**
 * Says nothing that is not in `claims`: without `exp` it never expires.
 *
 * @param key a text is a shared secret
 */
export function signedToken(
  claims: JWTPayload,
  key: SigningKey | string = JWT_SECRET,
  header: { readonly alg: string; readonly kid?: string } = { alg: 'HS256' },
): Promise<string> {
  const signingKey = typeof key === 'string' ? new TextEncoder().encode(key) : key;
  return new SignJWT(claims).setProtectedHeader(header).sign(signingKey);
}

/** A bearer token of `owner`. */
export function tokenOf(owner: string, { secret = JWT_SECRET, lifetimeS = 3600 } = {}): Promise<string> {
  return signedToken({ sub: owner, exp: inSeconds(lifetimeS) }, secret);
}

/** A token that says it needs no signature. */
export function unsignedTokenOf(owner: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part({ sub: owner })}.`;
}

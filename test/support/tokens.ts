import { SignJWT } from 'jose';

export const JWT_SECRET = 'a secret that is only for tests and long enough';

/** A bearer token of `owner`, good for an hour unless told otherwise. */
export function tokenOf(owner: string, { secret = JWT_SECRET, expiresIn = '1h' } = {}): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(owner)
    .setExpirationTime(expiresIn)
    .sign(new TextEncoder().encode(secret));
}

/** A token that says it needs no signature. */
export function unsignedTokenOf(owner: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part({ sub: owner })}.`;
}

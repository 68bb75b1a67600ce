import type { JWTPayload } from 'jose';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createAuthenticate, LOCAL_OWNER } from '../../src/auth/authenticate.ts';
import { authenticateWith } from '../support/token-keys.ts';
import { inSeconds, JWT_SECRET, signedToken } from '../support/tokens.ts';
import { memoryLog } from '../support/memory-log.ts';

const bySecret = authenticateWith({ secret: JWT_SECRET });

async function identityOf(claims: JWTPayload, authenticate = bySecret) {
  return authenticate(`Bearer ${await signedToken(claims)}`);
}

test('without tokens every request is of the local owner', async () => {
  const authenticate = createAuthenticate({ kind: 'LOCAL' }, memoryLog());
  for (const authorization of [null, '', 'Bearer x', 'Basic eDp5']) {
    expect(await authenticate(authorization)).toEqual({
      kind: 'viewer',
      viewer: { ownerId: LOCAL_OWNER, expiresAt: null },
    });
  }
});

describe('an authorization value', () => {
  test.each(['Bearer', 'bearer', 'BEARER'])('may begin with %s', async (word) => {
    expect(await bySecret(`${word}  ${await signedToken({ sub: 'ada' })}`)).toMatchObject({ kind: 'viewer' });
  });

  test.each([null, ''])('of %j has no token', async (authorization) => {
    expect(await bySecret(authorization)).toEqual({ kind: 'none' });
  });

  test.each(['Bearer', 'Bearer ', 'Basic eDp5', 'x', 'Bearer a b', 'Bearer ä', 'Bearer x, Bearer y'])(
    'of %j is bad',
    async (authorization) => {
      expect(await bySecret(authorization)).toMatchObject({ kind: 'bad' });
    },
  );
});

describe('a token signed with the secret', () => {
  test('names its owner and its end', async () => {
    const exp = inSeconds(60);
    expect(await identityOf({ sub: 'ada', exp })).toEqual({
      kind: 'viewer',
      viewer: { ownerId: 'ada', expiresAt: exp * 1000 },
    });
    expect(await identityOf({ sub: 'ada' })).toMatchObject({ viewer: { expiresAt: null } });
  });

  test('is refused after its end, however often it was taken before', async () => {
    const authenticate = authenticateWith({ secret: JWT_SECRET });
    const value = `Bearer ${await signedToken({ sub: 'ada', exp: inSeconds(60) })}`;
    for (let use = 0; use < 3; use += 1) expect(await authenticate(value)).toMatchObject({ kind: 'viewer' });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 66_000 });
    onTestFinished(() => void vi.useRealTimers());
    for (let use = 0; use < 3; use += 1)
      expect(await authenticate(value)).toEqual({ kind: 'bad', reason: 'the token has expired' });
  });

  test('is verified by the algorithm of its header, whichever came before', async () => {
    const secret = JWT_SECRET.repeat(2); // HS512 needs a key of 64 bytes.
    const authenticate = authenticateWith({ secret });
    for (const alg of ['HS512', 'HS256', 'HS384', 'HS256', 'HS512']) {
      const signed = await signedToken({ sub: alg }, secret, { alg });
      expect(await authenticate(`Bearer ${signed}`)).toMatchObject({ viewer: { ownerId: alg } });
      const [, ...rest] = signed.split('.');
      const otherHeader = Buffer.from(alg === 'HS256' ? '{"alg":"HS384"}' : '{"alg":"HS256"}');
      const relabelled = [otherHeader.toString('base64url'), ...rest].join('.');
      expect(await authenticate(`Bearer ${relabelled}`)).toMatchObject({ kind: 'bad' });
    }
  });

  // Each from the time of its test: all of them are listed before the first one runs.
  test.each<[string, () => JWTPayload]>([
    ['expired within the clock tolerance', () => ({ exp: inSeconds(-2) })],
    ['is valid from a moment within the clock tolerance', () => ({ nbf: inSeconds(3) })],
    ['was issued by a clock that is 50 s ahead', () => ({ iat: inSeconds(50) })],
    ['expires in ten years', () => ({ exp: inSeconds(10 * 366 * 86_400) })],
    ['has a subject of 255 characters', () => ({ sub: 'x'.repeat(255) })],
  ])('is good when it %s', async (_what, claims) => {
    expect(await identityOf({ sub: 'ada', ...claims() })).toMatchObject({ kind: 'viewer' });
  });

  const TOO_LATE = 'the token expires more than 20 years from now (exp is in seconds)';
  const NO_SUBJECT = 'the token has no valid subject (sub)';

  test.each<[string, () => JWTPayload, string]>([
    ['has expired', () => ({ exp: inSeconds(-7) }), 'the token has expired'],
    ['is not valid yet', () => ({ nbf: inSeconds(10) }), 'the claim nbf of the token is not accepted'],
    ['was issued in the future', () => ({ iat: inSeconds(70) }), 'the token was issued in the future (iat)'],
    ['expires in a thousand years', () => ({ exp: inSeconds(1000 * 365 * 86_400) }), TOO_LATE],
    ['gives its end in milliseconds', () => ({ exp: inSeconds(60) * 1000 }), TOO_LATE],
    ['expires at a number beyond all dates', () => ({ exp: 1e300 }), TOO_LATE],
    ['has an empty subject', () => ({ sub: '' }), NO_SUBJECT],
    ['has a subject too long for its column', () => ({ sub: 'x'.repeat(256) }), NO_SUBJECT],
    ['has a subject with a NUL, which PostgreSQL cannot store', () => ({ sub: 'a\u0000' }), NO_SUBJECT],
  ])('is bad when it %s', async (_what, claims, reason) => {
    expect(await identityOf({ sub: 'ada', ...claims() })).toEqual({ kind: 'bad', reason });
  });

  test('is bad when it has no subject, another signature or a changed part', async () => {
    expect(await identityOf({})).toEqual({ kind: 'bad', reason: NO_SUBJECT });
    const [header = '', , signature = ''] = (await signedToken({ sub: 'ada' })).split('.');
    const payload = Buffer.from('{"sub":"eve"}').toString('base64url');
    const other = await signedToken({ sub: 'ada' }, `${JWT_SECRET}!`);
    const changed = [`${header}.${payload}.${signature}`, `${header}.${payload}.`];
    for (const forged of [other, ...changed, 'a.b.c', 'abc']) {
      expect(await bySecret(`Bearer ${forged}`)).toEqual({ kind: 'bad', reason: 'the token is not valid' });
    }
  });

  const REQUIRED = { iss: 'https://id.example', aud: 'likeness' };
  const restricted = authenticateWith(
    { secret: JWT_SECRET },
    { issuer: REQUIRED.iss, audience: REQUIRED.aud },
  );

  test.each<[Record<string, unknown>, string | null]>([
    [REQUIRED, null],
    [{ ...REQUIRED, aud: ['x', 'likeness'] }, null],
    [{ ...REQUIRED, iss: 'https://evil.example' }, 'iss'],
    [{ aud: 'likeness' }, 'iss'],
    [{ ...REQUIRED, aud: 'other' }, 'aud'],
    [{ ...REQUIRED, aud: [] }, 'aud'],
    [{ iss: REQUIRED.iss }, 'aud'],
  ])('with %j has the required issuer and audience, or a wrong %s', async (claims, wrong) => {
    const reason = `the claim ${wrong} of the token is not accepted`;
    expect(await identityOf({ sub: 'ada', ...claims }, restricted)).toMatchObject(
      wrong === null ? { kind: 'viewer' } : { kind: 'bad', reason },
    );
  });
});

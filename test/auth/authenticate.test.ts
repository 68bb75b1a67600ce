import type { JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';
import { createAuthenticate, LOCAL_OWNER, type Identity } from '../../src/auth/authenticate.ts';
import { authenticateWith, inSeconds, SECRET, token } from '../support/signed-tokens.ts';
import { memoryLog } from '../support/memory-log.ts';

async function seen(
  claims: JWTPayload,
  authenticate = authenticateWith({ secret: SECRET }),
): Promise<Identity> {
  return authenticate(`Bearer ${await token(claims)}`);
}

describe('without tokens', () => {
  test('everyone is the local user, whatever they say', async () => {
    const authenticate = createAuthenticate({ kind: 'LOCAL' }, memoryLog());
    for (const authorization of [null, '', 'Bearer x', 'Basic eDp5']) {
      expect(await authenticate(authorization)).toEqual({
        kind: 'viewer',
        viewer: { ownerId: LOCAL_OWNER, expiresAt: null },
      });
    }
  });
});

describe('a token signed with the secret', () => {
  test.each(['HS256', 'HS384', 'HS512'])('by %s tells who sent it and until when', async (alg) => {
    const exp = inSeconds(60);
    // HS512 wants a key of 64 bytes.
    const secret = SECRET.repeat(2);
    const signed = await token({ sub: 'ada', exp }, new TextEncoder().encode(secret), { alg });
    expect(await authenticateWith({ secret })(`Bearer ${signed}`)).toEqual({
      kind: 'viewer',
      viewer: { ownerId: 'ada', expiresAt: exp * 1000 },
    });
  });

  test('is checked by its own algorithm, whichever the ones before it had', async () => {
    const secret = SECRET.repeat(2);
    const authenticate = authenticateWith({ secret });
    for (const alg of ['HS512', 'HS256', 'HS384', 'HS256', 'HS512']) {
      const signed = await token({ sub: alg }, new TextEncoder().encode(secret), { alg });
      expect(await authenticate(`Bearer ${signed}`)).toMatchObject({ viewer: { ownerId: alg } });
      const [, ...rest] = signed.split('.');
      const otherHeader = Buffer.from(alg === 'HS256' ? '{"alg":"HS384"}' : '{"alg":"HS256"}');
      const relabelled = [otherHeader.toString('base64url'), ...rest].join('.');
      expect(await authenticate(`Bearer ${relabelled}`)).toMatchObject({ kind: 'bad' });
    }
  });

  test('without an end is good for ever', async () => {
    expect(await seen({ sub: 'ada' })).toEqual({
      kind: 'viewer',
      viewer: { ownerId: 'ada', expiresAt: null },
    });
  });

  test('is found whatever the case of the word before it', async () => {
    const signed = await token({ sub: 'ada' });
    for (const word of ['Bearer', 'bearer', 'BEARER']) {
      expect(await authenticateWith({ secret: SECRET })(`${word}  ${signed}`)).toMatchObject({
        kind: 'viewer',
      });
    }
  });

  test.each([null, ''])('is missed in %j', async (authorization) => {
    expect(await authenticateWith({ secret: SECRET })(authorization)).toEqual({ kind: 'none' });
  });

  test.each(['Bearer', 'Bearer ', 'Basic eDp5', 'x', 'Bearer a b', 'Bearer ä', 'Bearer x, Bearer y'])(
    'is not found in %j',
    async (authorization) => {
      expect(await authenticateWith({ secret: SECRET })(authorization)).toMatchObject({ kind: 'bad' });
    },
  );

  test.each<[string, JWTPayload, string]>([
    ['has expired', { sub: 'ada', exp: inSeconds(-60) }, 'the token has expired'],
    ['is not good yet', { sub: 'ada', nbf: inSeconds(60) }, 'the claim nbf of the token is not accepted'],
    [
      'is issued in the future',
      { sub: 'ada', iat: inSeconds(120) },
      'the token was issued in the future (iat)',
    ],
    [
      'ends in a thousand years',
      { sub: 'ada', exp: inSeconds(1000 * 365 * 86_400) },
      'the token expires more than 20 years from now (exp is in seconds)',
    ],
    [
      'gives its end in milliseconds',
      { sub: 'ada', exp: inSeconds(60) * 1000 },
      'the token expires more than 20 years from now (exp is in seconds)',
    ],
    [
      'ends at the end of all numbers',
      { sub: 'ada', exp: 1e300 },
      'the token expires more than 20 years from now (exp is in seconds)',
    ],
    ['has no subject', {}, 'the token has no valid subject (sub)'],
    ['has an empty subject', { sub: '' }, 'the token has no valid subject (sub)'],
    ['has a subject too long for a column', { sub: 'x'.repeat(256) }, 'the token has no valid subject (sub)'],
  ])('is bad when it %s', async (_what, claims, reason) => {
    expect(await seen(claims)).toEqual({ kind: 'bad', reason });
  });

  // PostgreSQL stores no NUL: such an owner could own nothing and every query of theirs would fail.
  test('is bad when its subject cannot be stored', async () => {
    expect(await seen({ sub: 'a\u0000' })).toMatchObject({ kind: 'bad' });
  });

  test('may be off by the 5 seconds clocks differ, and no more', async () => {
    expect(await seen({ sub: 'ada', exp: inSeconds(-2) })).toMatchObject({ kind: 'viewer' });
    expect(await seen({ sub: 'ada', exp: inSeconds(-7) })).toMatchObject({ kind: 'bad' });
    expect(await seen({ sub: 'ada', nbf: inSeconds(3) })).toMatchObject({ kind: 'viewer' });
    expect(await seen({ sub: 'ada', nbf: inSeconds(8) })).toMatchObject({ kind: 'bad' });
    expect(await seen({ sub: 'ada', iat: inSeconds(50) })).toMatchObject({ kind: 'viewer' });
    expect(await seen({ sub: 'ada', iat: inSeconds(70) })).toMatchObject({ kind: 'bad' });
  });

  test('may be good for ten years, as service tokens of some issuers are', async () => {
    expect(await seen({ sub: 'ada', exp: inSeconds(10 * 366 * 86_400) })).toMatchObject({ kind: 'viewer' });
  });

  test('may have the longest subject there is', async () => {
    expect(await seen({ sub: 'x'.repeat(255) })).toMatchObject({ kind: 'viewer' });
  });

  test('is bad when another secret signed it, or any part of it was changed', async () => {
    const other = await token({ sub: 'ada' }, new TextEncoder().encode(`${SECRET}!`));
    const [header = '', , signature = ''] = (await token({ sub: 'ada' })).split('.');
    const payload = Buffer.from('{"sub":"eve"}').toString('base64url');
    for (const forged of [
      other,
      `${header}.${payload}.${signature}`,
      `${header}.${payload}.`,
      'a.b.c',
      'abc',
    ]) {
      expect(await authenticateWith({ secret: SECRET })(`Bearer ${forged}`)).toEqual({
        kind: 'bad',
        reason: 'the token is not valid',
      });
    }
  });

  test('has to have the issuer and the audience that are asked for', async () => {
    const authenticate = authenticateWith(
      { secret: SECRET },
      { issuer: 'https://id.example', audience: 'likeness' },
    );
    const good = { sub: 'ada', iss: 'https://id.example', aud: 'likeness' };
    expect(await seen(good, authenticate)).toMatchObject({ kind: 'viewer' });
    expect(await seen({ ...good, aud: ['x', 'likeness'] }, authenticate)).toMatchObject({ kind: 'viewer' });
    for (const [claim, wrong] of [
      ['iss', { ...good, iss: 'https://evil.example' }],
      ['iss', { sub: 'ada', aud: 'likeness' }],
      ['aud', { ...good, aud: 'other' }],
      ['aud', { ...good, aud: [] }],
      ['aud', { sub: 'ada', iss: 'https://id.example' }],
    ] as const) {
      expect(await seen(wrong as JWTPayload, authenticate)).toEqual({
        kind: 'bad',
        reason: `the claim ${claim} of the token is not accepted`,
      });
    }
  });
});

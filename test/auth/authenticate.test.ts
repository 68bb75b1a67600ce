import { createServer, type ServerResponse } from 'node:http';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthenticate, LOCAL_OWNER, type Identity } from '../../src/auth/authenticate.ts';
import type { AuthConfig } from '../../src/config.ts';

type Keys = Extract<AuthConfig, { kind: 'JWT' }>['keys'];
type SigningKey = Parameters<SignJWT['sign']>[0];

const SECRET = 'a secret of at least thirty-two bytes';
const BYTES = new TextEncoder().encode(SECRET);

function authenticateWith(keys: Keys, claims: { issuer?: string; audience?: string } = {}) {
  const { issuer = null, audience = null } = claims;
  return createAuthenticate({ kind: 'JWT', keys, issuer, audience });
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

function token(
  claims: JWTPayload,
  key: SigningKey = BYTES,
  header: { readonly alg: string; readonly kid?: string } = { alg: 'HS256' },
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

async function seen(
  claims: JWTPayload,
  authenticate = authenticateWith({ secret: SECRET }),
): Promise<Identity> {
  return authenticate(`Bearer ${await token(claims)}`);
}

/** A key set over HTTP whose answer the test decides, and how often it was asked for. */
async function keySet(answer: (response: ServerResponse) => void) {
  const state = { answer, fetches: 0 };
  const server = createServer((_request, response) => {
    state.fetches += 1;
    state.answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`, state };
}

async function published(alg: string, kid = alg) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { publicKey, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg }, header: { alg, kid } };
}

function serving(...keys: readonly object[]) {
  return (response: ServerResponse) => void response.end(JSON.stringify({ keys }));
}

describe('without tokens', () => {
  test('everyone is the local user, whatever they say', async () => {
    const authenticate = createAuthenticate({ kind: 'LOCAL' });
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
    ['is not good yet', { sub: 'ada', nbf: inSeconds(60) }, "the token's nbf is not accepted"],
    ['has no subject', {}, 'the token has no usable subject'],
    ['has an empty subject', { sub: '' }, 'the token has no usable subject'],
    ['has a subject too long for a column', { sub: 'x'.repeat(256) }, 'the token has no usable subject'],
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
        reason: `the token's ${claim} is not accepted`,
      });
    }
  });
});

describe('an unsigned token', () => {
  test('is bad, with a secret and with a key set', async () => {
    const unsigned = new UnsecuredJWT({ sub: 'ada' }).encode();
    const { jwk } = await published('RS256');
    const { jwksUrl } = await keySet(serving(jwk));
    for (const keys of [{ secret: SECRET }, { jwksUrl }]) {
      expect(await authenticateWith(keys)(`Bearer ${unsigned}`)).toMatchObject({ kind: 'bad' });
      const [, payload = ''] = unsigned.split('.');
      for (const alg of ['none', 'None', 'NONE', '']) {
        const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
        expect(await authenticateWith(keys)(`Bearer ${header}.${payload}.`)).toMatchObject({ kind: 'bad' });
      }
    }
  });
});

describe('a token signed with a published key', () => {
  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('by %s tells who sent it', async (alg) => {
    const { jwk, privateKey, header } = await published(alg);
    const { jwksUrl, state } = await keySet(serving(jwk));
    const authenticate = authenticateWith({ jwksUrl });
    for (let turn = 0; turn < 3; turn++) {
      expect(await authenticate(`Bearer ${await token({ sub: 'ada' }, privateKey, header)}`)).toMatchObject({
        viewer: { ownerId: 'ada' },
      });
    }
    expect(state.fetches).toBe(1);
  });

  test('is not to be had with the public key for a secret', async () => {
    const { jwk, publicKey, header } = await published('RS256');
    const { jwksUrl } = await keySet(serving(jwk));
    const pem = new TextEncoder().encode(await exportSPKI(publicKey));
    const forged = await token({ sub: 'eve' }, pem, { alg: 'HS256', kid: header.kid });
    expect(await authenticateWith({ jwksUrl })(`Bearer ${forged}`)).toEqual({
      kind: 'bad',
      reason: 'the token is not valid',
    });
  });

  test('is bad where a secret is asked for', async () => {
    const { privateKey, header } = await published('RS256');
    const signed = await token({ sub: 'ada' }, privateKey, header);
    expect(await authenticateWith({ secret: SECRET })(`Bearer ${signed}`)).toMatchObject({ kind: 'bad' });
  });

  test('is bad when its key is not in the set', async () => {
    const [known, unknown] = [await published('EdDSA', 'a'), await published('EdDSA', 'b')];
    const { jwksUrl } = await keySet(serving(known.jwk));
    const authenticate = authenticateWith({ jwksUrl });
    for (const header of [unknown.header, known.header, { alg: 'EdDSA' }]) {
      const signed = await token({ sub: 'eve' }, unknown.privateKey, header);
      expect(await authenticate(`Bearer ${signed}`)).toMatchObject({ kind: 'bad' });
    }
  });

  test('without a kid is good though the set has several keys of its kind', async () => {
    const [first, second] = [await published('EdDSA', 'a'), await published('EdDSA', 'b')];
    const { jwksUrl } = await keySet(serving(first.jwk, second.jwk));
    const signed = await token({ sub: 'ada' }, second.privateKey, { alg: 'EdDSA' });
    expect(await authenticateWith({ jwksUrl })(`Bearer ${signed}`)).toMatchObject({ kind: 'viewer' });
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['answers with an error', (response) => response.writeHead(503).end()],
    ['answers with a page', (response) => response.end('<html>')],
    ['hangs up', (response) => response.destroy()],
    ['has no list', (response) => response.end('{"keys":7}')],
    ['redirects', (response) => response.writeHead(302, { location: '/x' }).end()],
  ])('cannot be judged while the key set %s, and can afterwards', async (_what, broken) => {
    const { jwk, privateKey, header } = await published('EdDSA');
    const { jwksUrl, state } = await keySet(broken);
    const authenticate = authenticateWith({ jwksUrl });
    const authorization = `Bearer ${await token({ sub: 'ada' }, privateKey, header)}`;
    expect(await authenticate(authorization)).toEqual({ kind: 'unavailable' });
    state.answer = serving(jwk);
    expect(await authenticate(authorization)).toMatchObject({ kind: 'viewer' });
  });

  test('that is none asks for no keys', async () => {
    const { jwksUrl, state } = await keySet(serving());
    const authenticate = authenticateWith({ jwksUrl });
    expect(await authenticate('Bearer junk')).toMatchObject({ kind: 'bad' });
    expect(await authenticate(null)).toEqual({ kind: 'none' });
    expect(state.fetches).toBe(0);
  });
});

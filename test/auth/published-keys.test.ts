import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { exportSPKI, UnsecuredJWT } from 'jose';
import {
  authenticateWith,
  keySetOfTest,
  published,
  SECRET,
  serving,
  token,
} from '../support/signed-tokens.ts';
import { memoryLog } from '../support/memory-log.ts';

describe('an unsigned token', () => {
  test('is bad, with a secret and with a key set', async () => {
    const unsigned = new UnsecuredJWT({ sub: 'ada' }).encode();
    const { jwk } = await published('RS256');
    const { jwksUrl } = await keySetOfTest(serving(jwk));
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
    const { jwksUrl, state } = await keySetOfTest(serving(jwk));
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
    const { jwksUrl } = await keySetOfTest(serving(jwk));
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
    const { jwksUrl } = await keySetOfTest(serving(known.jwk));
    const authenticate = authenticateWith({ jwksUrl });
    for (const header of [unknown.header, known.header, { alg: 'EdDSA' }]) {
      const signed = await token({ sub: 'eve' }, unknown.privateKey, header);
      expect(await authenticate(`Bearer ${signed}`)).toMatchObject({ kind: 'bad' });
    }
  });

  test('without a kid is good though the set has several keys of its kind', async () => {
    const [first, second] = [await published('EdDSA', 'a'), await published('EdDSA', 'b')];
    const { jwksUrl } = await keySetOfTest(serving(first.jwk, second.jwk));
    const signed = await token({ sub: 'ada' }, second.privateKey, { alg: 'EdDSA' });
    expect(await authenticateWith({ jwksUrl })(`Bearer ${signed}`)).toMatchObject({ kind: 'viewer' });
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['answers with an error', (response) => response.writeHead(503).end()],
    ['answers with a page', (response) => response.end('<html>')],
    ['hangs up', (response) => response.destroy()],
    ['has no list', (response) => response.end('{"keys":7}')],
    ['redirects', (response) => response.writeHead(302, { location: '/x' }).end()],
    ['is larger than 64 KB', (response) => response.end(`{"keys":[]${' '.repeat(65_536)}}`)],
  ])('cannot be judged while the key set %s, and can a second afterwards', async (_what, broken) => {
    const clock = { now: 5000 };
    const { jwk, privateKey, header } = await published('EdDSA');
    const { jwksUrl, state } = await keySetOfTest(broken);
    const log = memoryLog();
    const authenticate = authenticateWith({ jwksUrl }, {}, log, () => clock.now);
    const authorization = `Bearer ${await token({ sub: 'ada' }, privateKey, header)}`;
    for (let turn = 0; turn < 5; turn++) {
      expect(await authenticate(authorization)).toEqual({ kind: 'unavailable' });
    }
    // Told once, however many ask.
    const outage = { level: 'warn', message: 'token keys unavailable: tokens cannot be verified' };
    expect(log.lines).toMatchObject([outage]);
    expect(log.lines[0]?.fields).toHaveProperty('err');

    expect(state.fetches).toBe(1);

    state.answer = serving(jwk);
    clock.now += 1000;
    expect(await authenticate(authorization)).toMatchObject({ kind: 'viewer' });
    expect(await authenticate(authorization)).toMatchObject({ kind: 'viewer' });
    expect(state.fetches).toBe(2);
    expect(log.lines).toMatchObject([outage, { level: 'info', message: 'token keys available again' }]);
  });

  test('that is none asks for no keys', async () => {
    const { jwksUrl, state } = await keySetOfTest(serving());
    const authenticate = authenticateWith({ jwksUrl });
    expect(await authenticate('Bearer junk')).toMatchObject({ kind: 'bad' });
    expect(await authenticate(null)).toEqual({ kind: 'none' });
    expect(state.fetches).toBe(0);
  });
});

describe('when the keys change', () => {
  const COOLDOWN_MS = 30_000;

  async function rotated() {
    const [old, fresh] = [await published('EdDSA', 'old'), await published('EdDSA', 'fresh')];
    const { jwksUrl, state } = await keySetOfTest(serving(old.jwk));
    const clock = { now: 5000 };
    const authenticate = authenticateWith({ jwksUrl }, {}, memoryLog(), () => clock.now);
    const by = async ({ privateKey, header }: typeof old) =>
      authenticate(`Bearer ${await token({ sub: 'ada' }, privateKey, header)}`);
    expect(await by(old)).toMatchObject({ kind: 'viewer' });
    state.answer = serving(fresh.jwk);
    return { clock, state, authenticate, signedByOld: () => by(old), signedByFresh: () => by(fresh) };
  }

  test('the first token of a new one fetches them again, and the old one is no good any more', async () => {
    const { clock, state, signedByOld, signedByFresh } = await rotated();
    clock.now += COOLDOWN_MS;
    expect(await signedByFresh()).toMatchObject({ kind: 'viewer' });
    expect(state.fetches).toBe(2);
    expect(await signedByOld()).toMatchObject({ kind: 'bad' });
  });

  test('tokens of unknown keys fetch them once in half a minute, however many come', async () => {
    const { clock, state, authenticate, signedByFresh } = await rotated();
    for (let turn = 0; turn < 20; turn++) expect(await signedByFresh()).toMatchObject({ kind: 'bad' });
    expect(state.fetches).toBe(1);

    const stranger = await published('EdDSA', 'stranger');
    const strange = `Bearer ${await token({ sub: 'eve' }, stranger.privateKey, stranger.header)}`;
    clock.now += COOLDOWN_MS;
    const answers = await Promise.all(Array.from({ length: 50 }, () => authenticate(strange)));
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['bad']));
    expect(state.fetches).toBe(2);
  });

  test('a key that was taken out is believed for ten minutes at most', async () => {
    const { clock, state, signedByOld } = await rotated();
    clock.now += 600_000 - 1000;
    expect(await signedByOld()).toMatchObject({ kind: 'viewer' });
    clock.now += 1000;
    expect(await signedByOld()).toMatchObject({ kind: 'bad' });
    expect(state.fetches).toBe(2);
  });

  test('those known are used for a day while they cannot be fetched, which is tried every half minute', async () => {
    const { jwk, privateKey, header } = await published('EdDSA');
    const { jwksUrl, state } = await keySetOfTest(serving(jwk));
    const clock = { now: 5000 };
    const log = memoryLog();
    const authenticate = authenticateWith({ jwksUrl }, {}, log, () => clock.now);
    const authorization = `Bearer ${await token({ sub: 'ada' }, privateKey, header)}`;
    expect(await authenticate(authorization)).toMatchObject({ kind: 'viewer' });
    state.answer = (response) => response.writeHead(503).end();

    clock.now += 600_000;
    for (let turn = 0; turn < 5; turn++)
      expect(await authenticate(authorization)).toMatchObject({ kind: 'viewer' });
    expect(state.fetches).toBe(2);
    clock.now += COOLDOWN_MS;
    const stranger = await published('EdDSA', 'stranger');
    const strange = `Bearer ${await token({ sub: 'eve' }, stranger.privateKey, stranger.header)}`;
    // It may be one of a new key.
    for (let turn = 0; turn < 20; turn++)
      expect(await authenticate(strange)).toEqual({ kind: 'unavailable' });
    expect(await authenticate(authorization)).toMatchObject({ kind: 'viewer' });
    expect(state.fetches).toBe(3);
    const told = 'token keys not refreshed; using the known ones';
    expect(log.lines.filter(({ message }) => message === told)).toHaveLength(1);

    clock.now += 24 * 3_600_000;
    expect(await authenticate(authorization)).toEqual({ kind: 'unavailable' });
    state.answer = serving(jwk);
    clock.now += 1000;
    expect(await authenticate(authorization)).toMatchObject({ kind: 'viewer' });
  });
});

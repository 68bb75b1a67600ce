import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { exportSPKI, UnsecuredJWT } from 'jose';
import { authenticateWith, keySetOfTest, published, serving } from '../support/token-keys.ts';
import { JWT_SECRET, signedToken } from '../support/tokens.ts';
import { memoryLog } from '../support/memory-log.ts';

const COOLDOWN_MS = 30_000;
const MAX_AGE_MS = 600_000;

/** Authentication by a key set and a clock that the test controls. */
async function byKeySet(answer: (response: ServerResponse) => void) {
  const { jwksUrl, state } = await keySetOfTest(answer);
  const clock = { now: 5000 };
  const log = memoryLog();
  const authenticate = authenticateWith({ jwksUrl }, {}, log, () => clock.now);
  /** What a token signed by a key is taken for. */
  const signedBy = async ({ privateKey, header }: Signer) =>
    authenticate(`Bearer ${await signedToken({ sub: 'ada' }, privateKey, header)}`);
  return { state, clock, log, authenticate, signedBy };
}

type Signer = {
  readonly privateKey: CryptoKey;
  readonly header: { readonly alg: string; readonly kid?: string };
};

describe('with published keys', () => {
  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('a token signed by %s names its owner', async (alg) => {
    const key = await published(alg);
    const { signedBy, state } = await byKeySet(serving(key.jwk));
    for (let turn = 0; turn < 3; turn++) {
      expect(await signedBy(key)).toMatchObject({ viewer: { ownerId: 'ada' } });
    }
    expect(state.fetches).toBe(1);
  });

  test('a token without a kid is tried with every key of its kind', async () => {
    const [first, second] = [await published('EdDSA', 'a'), await published('EdDSA', 'b')];
    const { signedBy } = await byKeySet(serving(first.jwk, second.jwk));
    const signer = { ...second, header: { alg: 'EdDSA' } };
    expect(await signedBy(signer)).toMatchObject({ kind: 'viewer' });
  });

  test('a token that is unsigned, or signed by another key, is bad', async () => {
    const [known, unknown] = [await published('RS256', 'a'), await published('RS256', 'b')];
    const { authenticate } = await byKeySet(serving(known.jwk));
    const publicKey = await exportSPKI(known.publicKey);
    const unsigned = new UnsecuredJWT({ sub: 'eve' }).encode();
    const forged = [
      unsigned,
      // The public key as a shared secret.
      await signedToken({ sub: 'eve' }, publicKey, { alg: 'HS256', kid: 'a' }),
    ];
    for (const header of [unknown.header, known.header, { alg: 'RS256' }]) {
      forged.push(await signedToken({ sub: 'eve' }, unknown.privateKey, header));
    }
    for (const alg of ['none', 'None', 'NONE', '']) {
      const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
      forged.push(`${header}.${unsigned.split('.')[1] ?? ''}.`);
    }
    const bySecret = authenticateWith({ secret: JWT_SECRET });
    for (const signed of forged) {
      expect(await authenticate(`Bearer ${signed}`), signed).toEqual({
        kind: 'bad',
        reason: 'the token is not valid',
      });
      expect(await bySecret(`Bearer ${signed}`), signed).toMatchObject({ kind: 'bad' });
    }
  });

  test('a malformed or missing token fetches no keys', async () => {
    const { authenticate, state } = await byKeySet(serving());
    expect(await authenticate('Bearer junk')).toMatchObject({ kind: 'bad' });
    expect(await authenticate(null)).toEqual({ kind: 'none' });
    expect(state.fetches).toBe(0);
  });
});

describe('when the key set', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['cannot be fetched', (response) => response.writeHead(503).end()],
    ['is no key set', (response) => response.end('{"keys":7}')],
  ])('%s, tokens are unavailable until it can be, which is tried once a second', async (_what, broken) => {
    const key = await published('EdDSA');
    const { state, clock, log, signedBy } = await byKeySet(broken);
    for (let turn = 0; turn < 5; turn++) expect(await signedBy(key)).toEqual({ kind: 'unavailable' });
    const outage = { level: 'warn', message: 'token keys unavailable; tokens cannot be verified' };
    expect(log.lines).toMatchObject([outage]);
    expect(log.lines[0]?.fields).toHaveProperty('err');
    expect(state.fetches).toBe(1);

    state.answer = serving(key.jwk);
    clock.now += 1000;
    expect(await signedBy(key)).toMatchObject({ kind: 'viewer' });
    expect(log.lines).toMatchObject([outage, { level: 'info', message: 'token keys available again' }]);
  });

  test('gets a new key, the first token signed by it fetches the set, once per cooldown', async () => {
    const [old, fresh] = [await published('EdDSA', 'old'), await published('EdDSA', 'fresh')];
    const { state, clock, signedBy } = await byKeySet(serving(old.jwk));
    expect(await signedBy(old)).toMatchObject({ kind: 'viewer' });
    state.answer = serving(fresh.jwk);
    for (let turn = 0; turn < 5; turn++) expect(await signedBy(fresh)).toMatchObject({ kind: 'bad' });
    expect(state.fetches).toBe(1);
    clock.now += COOLDOWN_MS;
    expect(await signedBy(fresh)).toMatchObject({ kind: 'viewer' });
    expect(await signedBy(old)).toMatchObject({ kind: 'bad' });
    expect(state.fetches).toBe(2);
  });

  test('loses a key, tokens signed by it are good for ten minutes at most', async () => {
    const [old, fresh] = [await published('EdDSA', 'old'), await published('EdDSA', 'fresh')];
    const { state, clock, signedBy } = await byKeySet(serving(old.jwk));
    await signedBy(old);
    state.answer = serving(fresh.jwk);
    clock.now += MAX_AGE_MS - 1000;
    expect(await signedBy(old)).toMatchObject({ kind: 'viewer' });
    clock.now += 1000;
    expect(await signedBy(old)).toMatchObject({ kind: 'bad' });
  });

  test('cannot be refreshed, the known keys are used for a day', async () => {
    const [known, other] = [await published('EdDSA'), await published('EdDSA', 'other')];
    const { state, clock, log, signedBy } = await byKeySet(serving(known.jwk));
    await signedBy(known);
    state.answer = (response) => response.writeHead(503).end();
    clock.now += MAX_AGE_MS;
    expect(await signedBy(known)).toMatchObject({ kind: 'viewer' });
    clock.now += COOLDOWN_MS;
    // It may be signed by a new key.
    expect(await signedBy(other)).toEqual({ kind: 'unavailable' });
    expect(await signedBy(known)).toMatchObject({ kind: 'viewer' });
    expect(state.fetches).toBe(3);
    const message = 'token keys not refreshed; verifying tokens with the known keys only';
    expect(log.lines).toMatchObject([{ level: 'warn', message }]);
    clock.now += 24 * 3_600_000;
    expect(await signedBy(known)).toEqual({ kind: 'unavailable' });
  });
});

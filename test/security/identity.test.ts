import { afterAll, describe, expect, test } from 'vitest';
import { exportJWK, generateKeyPair, UnsecuredJWT } from 'jose';
import { AvatarsDocument, CreateAvatarDocument } from '../../src/generated/contract/graphql.ts';
import { inSeconds, JWT_SECRET, signedToken } from '../support/tokens.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startTestApp } from '../support/test-app.ts';

const ISSUER = 'https://issuer.example/';
const AUDIENCE = 'likeness';
const GOOD = { sub: 'ada', iss: ISSUER, aud: AUDIENCE } as const;
const WATCH = 'subscription { avatarStatus { id name version } }';

const app = await startTestApp({
  env: { AUTH_JWT_SECRET: JWT_SECRET, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE },
});
afterAll(() => app.close());

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

type Claims = Readonly<Record<string, unknown>>;

function signed(claims: Claims, { secret = JWT_SECRET, alg = 'HS256' } = {}): Promise<string> {
  return signedToken({ exp: inSeconds(3600), ...claims }, secret, { alg });
}

async function signedWithKeyPair(): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  // It brings the key along with which it wants to be checked.
  const header = { alg: 'RS256', jwk: { ...(await exportJWK(publicKey)), kty: 'RSA' } };
  return signedToken({ ...GOOD, exp: inSeconds(3600) }, privateKey, header);
}

/** The parts of a good token under another header, with the signature kept. */
async function underHeader(header: object): Promise<string> {
  const [, payload = '', signature = ''] = (await signed(GOOD)).split('.');
  return `${base64(header)}.${payload}.${signature}`;
}

async function withPayload(claims: Claims): Promise<string> {
  const [header = '', , signature = ''] = (await signed(GOOD)).split('.');
  return `${header}.${base64({ exp: inSeconds(3600), ...claims })}.${signature}`;
}

const BAD: [what: string, token: () => Promise<string> | string | undefined][] = [
  ['missing', () => undefined],
  ['unsigned', () => new UnsecuredJWT(GOOD).encode()],
  ['unsigned under another spelling of none', () => `${base64({ alg: 'nOnE' })}.${base64(GOOD)}.`],
  ['signed, under a header that says none', () => underHeader({ alg: 'none' })],
  ['signed by a key pair where a secret is used', signedWithKeyPair],
  ['signed by a secret, under a header that says RS256', () => underHeader({ alg: 'RS256' })],
  [
    'under a header with a critical extension',
    () => underHeader({ alg: 'HS256', crit: ['b64'], b64: false }),
  ],
  ['signed with another secret', () => signed(GOOD, { secret: 'another secret that is long enough too' })],
  ['signed with no secret at all', () => signed(GOOD, { secret: '\0' })],
  ['changed to be somebody else', () => withPayload({ ...GOOD, sub: 'eve' })],
  ['of another issuer', () => signed({ ...GOOD, iss: 'https://issuer.example' })],
  ['without an issuer', () => signed({ sub: 'ada', aud: AUDIENCE })],
  ['for another audience', () => signed({ ...GOOD, aud: ['likeness-admin', 'other'] })],
  ['without an audience', () => signed({ sub: 'ada', iss: ISSUER })],
  ['expired', () => signed({ ...GOOD, exp: inSeconds(-60) })],
  ['expired at the beginning of time', () => signed({ ...GOOD, exp: 0 })],
  ['whose end is a text', () => signed({ ...GOOD, exp: 'tomorrow' })],
  ['not good yet', () => signed({ ...GOOD, nbf: inSeconds(60) })],
  ['without a subject', () => signed({ iss: ISSUER, aud: AUDIENCE })],
  ['with a number for a subject', () => signed({ ...GOOD, sub: 1 })],
  ['with a subject that no database stores', () => signed({ ...GOOD, sub: 'a\0b' })],
  ['with an endless subject', () => signed({ ...GOOD, sub: 'x'.repeat(256) })],
  ['of two parts', async () => (await signed(GOOD)).split('.').slice(0, 2).join('.')],
  ['none at all', () => 'eyJ'],
];

describe('a token that is no good is refused wherever it comes from', () => {
  test.each(BAD)('%s', async (_what, make) => {
    const token = await make();
    const input = { name: 'Nobody', trainingType: 'PORTRAIT' } as const;

    const answer = await app.ask(CreateAvatarDocument, { input }, { token });
    expect(answer).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    // What is wrong may be told; the token may not.
    if (token !== undefined) expect(answer.text).not.toContain(token);

    const stream = app.watchAvatar({}, { over: 'sse', token });
    expect(await stream.refused()).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);

    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    for (const payload of [authorization, { Authorization: authorization.authorization }]) {
      const socket = await RawSocket.open(app.graphqlUrl);
      socket.say({ type: 'connection_init', payload });
      expect(await socket.closedWith()).toBe(4403);
      const reason = /^Authentication failed: (.*)\.$/.exec(answer.errors[0]?.message ?? '')?.[1];
      const expected = reason ?? 'send a bearer token as `authorization` of connection_init';
      expect(socket.closed?.reason).toBe(`Forbidden: ${expected}`);
      expect(socket.frames).toEqual([]);
    }
    const upgraded = await RawSocket.open(app.graphqlUrl, { headers: authorization });
    upgraded.say({ type: 'connection_init' });
    expect(await upgraded.closedWith()).toBe(4403);
  });

  test('and nothing came of any of them', async () => {
    for (const sub of ['ada', 'eve']) {
      const token = await signed({ ...GOOD, sub });
      expect((await app.execute(AvatarsDocument, { first: 100 }, { token })).avatars.edges).toEqual([]);
    }
  });

  test('a good one in the upgrade does not save a bad one in connection_init', async () => {
    const headers = { authorization: `Bearer ${await signed(GOOD)}` };
    const socket = await RawSocket.open(app.graphqlUrl, { headers });
    socket.say({ type: 'connection_init', payload: { authorization: 'Bearer bad' } });
    expect(await socket.closedWith()).toBe(4403);
  });
});

test('a good token is taken wherever it comes from', async () => {
  const token = await signed({ ...GOOD, aud: ['other', AUDIENCE] });
  await app.execute(AvatarsDocument, { first: 1 }, { token });
  for (const name of ['authorization', 'Authorization']) {
    const socket = await RawSocket.open(app.graphqlUrl);
    socket.say({ type: 'connection_init', payload: { [name]: `Bearer ${token}` } });
    await socket.until(({ type }) => type === 'connection_ack');
    await socket.end();
  }
  const socket = await RawSocket.open(app.graphqlUrl, { headers: { authorization: `Bearer ${token}` } });
  socket.say({ type: 'connection_init' });
  await socket.until(({ type }) => type === 'connection_ack');
  await socket.end();
});

test('a token in a cookie, an address or a body is none', async () => {
  const token = await signed(GOOD);
  const query = '{ avatars { edges { node { id } } } }';
  const body = { query, extensions: { authorization: `Bearer ${token}` } };
  const response = await fetch(`${app.graphqlUrl}?token=${token}&access_token=${token}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: `token=${token}; authorization=Bearer ${token}` },
    body: JSON.stringify(body),
  });
  expect(await response.text()).toContain('UNAUTHENTICATED');
});

test('a stream ends with its token, and nothing comes after that', async () => {
  const SECONDS = 6;
  const lasting = await signed({ ...GOOD, sub: 'short' });
  const { id } = await app.newAvatar({ name: 'before' }, { token: lasting });
  const endsAt = (now() + SECONDS) * 1000;
  const token = await signed({ ...GOOD, sub: 'short', exp: now() + SECONDS });

  const socket = await RawSocket.connected(app.graphqlUrl, token);
  socket.subscribe('1', WATCH);
  await socket.until(({ type }) => type === 'next');
  const stream = app.watchAvatar({}, { over: 'sse', token });
  expect(await stream.next()).toMatchObject({ id });

  expect(await socket.closedWith()).toBe(4403);
  await stream.ended();
  // A stream that only ended would not be asked for again.
  expect(stream.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(Date.now() - endsAt).toBeGreaterThanOrEqual(-50);
  await app.newAvatar({ name: 'after' }, { token: lasting });
  const all = await app.execute(AvatarsDocument, { first: 5 }, { token: lasting });
  expect(all.avatars.edges).toHaveLength(2);
  expect(stream.seen.map(({ name }) => name)).toEqual(['before']);
  expect(JSON.stringify(socket.frames)).not.toContain('after');
});

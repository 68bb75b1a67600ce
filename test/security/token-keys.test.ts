import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { inSeconds, signedToken } from '../support/tokens.ts';
import { keySet, published, serving } from '../support/token-keys.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { eventually } from '../support/eventually.ts';
import { startTestApp } from '../support/test-app.ts';

const CLAIMS = { sub: 'ada', iss: 'https://issuer.example/', aud: 'likeness' } as const;

const [known, other] = [await published('ES256', 'known'), await published('ES256', 'other')];
// Nothing can be fetched in the beginning.
const keys = await keySet((response) => response.writeHead(503).end());
const app = await startTestApp({
  env: { AUTH_JWKS_URL: keys.jwksUrl, AUTH_ISSUER: CLAIMS.iss, AUTH_AUDIENCE: CLAIMS.aud },
});
afterAll(async () => {
  await app.close();
  keys.close();
});

const good = () => signedToken({ ...CLAIMS, exp: inSeconds(3600) }, known.privateKey, known.header);

async function socketClosedWith(payload: Readonly<Record<string, string>>): Promise<number> {
  const socket = await RawSocket.open(app.graphqlUrl);
  socket.say({ type: 'connection_init', payload });
  return socket.closedWith();
}

describe('while the keys cannot be fetched', () => {
  test('nobody is let in, queries are told to come again, and the log says it once', async () => {
    const authorization = await good();
    for (let turn = 0; turn < 5; turn++) {
      const answer = await app.ask(AvatarsDocument, { first: 1 }, { token: authorization });
      expect(answer).toMatchObject({
        status: 503,
        errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }],
      });
      expect(answer.data).toBeNull();
    }
    expect(await socketClosedWith({ authorization: `Bearer ${authorization}` })).toBe(1013);
    const stream = app.watchAvatar({}, { over: 'sse', token: authorization });
    expect(await stream.refused()).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);

    const told = app.log.lines.filter(({ msg }) => msg.startsWith('token keys unavailable'));
    expect(told).toMatchObject([{ level: 'warn' }]);
    expect(JSON.stringify(app.log.lines)).not.toContain(authorization);
  });
});

describe('once they are there', () => {
  beforeAll(async () => {
    keys.state.answer = serving(known.jwk);
    const token = await good();
    await eventually(
      'the keys to be fetched again',
      async () => (await app.ask(AvatarsDocument, { first: 1 }, { token })).status === 200,
    );
  });

  test('a token of a published key is taken wherever it comes from', async () => {
    const authorization = await good();
    await app.execute(AvatarsDocument, { first: 1 }, { token: authorization });
    for (const name of ['authorization', 'Authorization']) {
      const socket = await RawSocket.open(app.graphqlUrl);
      socket.say({ type: 'connection_init', payload: { [name]: `Bearer ${authorization}` } });
      await socket.until(({ type }) => type === 'connection_ack');
      await socket.end();
    }
  });

  // What else makes a token bad is tested in test/auth/published-keys.
  test('a token of a key that is not published is refused wherever it comes from', async () => {
    const bad = await signedToken({ ...CLAIMS }, other.privateKey, other.header);
    const answer = await app.ask(AvatarsDocument, { first: 1 }, { token: bad });
    expect(answer).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    for (const name of ['authorization', 'Authorization'])
      expect(await socketClosedWith({ [name]: `Bearer ${bad}` })).toBe(4403);
    const stream = app.watchAvatar({}, { over: 'sse', token: bad });
    expect(await stream.refused()).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });
});

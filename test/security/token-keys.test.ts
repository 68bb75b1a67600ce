import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportSPKI } from 'jose';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { inSeconds, keySet, published, serving, token } from '../support/signed-tokens.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { setTimeout as pause } from 'node:timers/promises';
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

const good = () => token({ ...CLAIMS, exp: inSeconds(3600) }, known.privateKey, known.header);

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
    const stream = app.avatarStatus({}, { over: 'sse', token: authorization });
    expect(await stream.refused()).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);

    const told = app.log.lines.filter(({ msg }) => msg.startsWith('token keys unavailable'));
    expect(told).toMatchObject([{ level: 'warn' }]);
    expect(JSON.stringify(app.log.lines)).not.toContain(authorization);
  });
});

describe('once they are there', () => {
  let [began, inVain] = [0, 0];
  beforeAll(async () => {
    keys.state.answer = serving(known.jwk);
    [began, inVain] = [performance.now(), keys.state.fetches];
    await pause(1000); // as long as they are not asked for again
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

  const BAD: [what: string, make: () => Promise<string>][] = [
    [
      'signed with the public key as a secret',
      async () => {
        const pem = new TextEncoder().encode(await exportSPKI(known.publicKey));
        return token({ ...CLAIMS, exp: inSeconds(3600) }, pem, { alg: 'HS256', kid: known.header.kid });
      },
    ],
    ['of a key that is not published', () => token({ ...CLAIMS }, other.privateKey, other.header)],
    [
      'of another key under a published one’s name',
      () => token({ ...CLAIMS }, other.privateKey, known.header),
    ],
    ['of another issuer', () => token({ ...CLAIMS, iss: 'https://x' }, known.privateKey, known.header)],
    ['for another audience', () => token({ ...CLAIMS, aud: 'x' }, known.privateKey, known.header)],
    ['expired', () => token({ ...CLAIMS, exp: inSeconds(-60) }, known.privateKey, known.header)],
    ['not good yet', () => token({ ...CLAIMS, nbf: inSeconds(60) }, known.privateKey, known.header)],
  ];
  test.each(BAD)('a token %s is refused wherever it comes from', async (_what, make) => {
    const bad = await make();
    const answer = await app.ask(AvatarsDocument, { first: 1 }, { token: bad });
    expect(answer).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    for (const name of ['authorization', 'Authorization'])
      expect(await socketClosedWith({ [name]: `Bearer ${bad}` })).toBe(4403);
    const stream = app.avatarStatus({}, { over: 'sse', token: bad });
    expect(await stream.refused()).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });

  test('whatever was sent, they were fetched once, and again after half a minute at the earliest', () => {
    const later = Math.floor((performance.now() - began) / 30_000);
    expect(keys.state.fetches).toBeGreaterThan(inVain);
    expect(keys.state.fetches).toBeLessThanOrEqual(inVain + 1 + later);
  });
});

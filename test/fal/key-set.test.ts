import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { KeySet } from '../../src/fal/key-set.ts';
import { headersOf, newSigner, signatureOf, type Signer } from '../support/signing.ts';
import { html, json, peer } from '../support/fal-peer.ts';
import { memoryLog } from '../support/memory-log.ts';
import { verify } from '../../src/fal/verify-webhook.ts';

const HOUR = 3_600_000;
const COOLDOWN = 60_000;

/** A key set over a real endpoint whose answer and a clock whose time the test decides. */
async function stage(...signers: readonly Signer[]) {
  const publishing =
    (...published: readonly Signer[]) =>
    (response: ServerResponse) =>
      json(response, 200, { keys: published.map(({ x }) => ({ kty: 'OKP', crv: 'Ed25519', x })) });
  const state = { now: 5000, answer: publishing(...signers) };
  const { url, arrived } = await peer((response) => state.answer(response));
  const log = memoryLog();
  const keys = new KeySet(`${url}/.well-known/jwks.json`, log, () => state.now);
  return { state, keys, log, publishing, fetches: () => arrived.length };
}

const MESSAGE = { requestId: 'r', userId: 'u', timestamp: '1000', body: Buffer.from('{}') };

function believes(keys: Awaited<ReturnType<KeySet['current']>>, signer: Signer): boolean {
  const headers = headersOf(MESSAGE, signatureOf(MESSAGE, signer));
  return verify(MESSAGE.body, headers, keys ?? [], 1_000_000).kind === 'genuine';
}

describe("fal's keys", () => {
  test('are fetched once and then kept for 24 hours', async () => {
    const signer = newSigner();
    const { state, keys, fetches } = await stage(signer);
    expect(fetches()).toBe(0);
    expect(believes(await keys.current(), signer)).toBe(true);
    state.now += 24 * HOUR;
    expect(believes(await keys.current(), signer)).toBe(true);
    expect(fetches()).toBe(1);
    state.now += 1;
    expect(believes(await keys.current(), signer)).toBe(true);
    expect(fetches()).toBe(2);
  });

  test('are fetched once for everyone who asks at the same time', async () => {
    const { keys, fetches } = await stage(newSigner());
    const sets = await Promise.all(Array.from({ length: 50 }, () => keys.current()));
    expect(new Set(sets).size).toBe(1);
    expect(fetches()).toBe(1);
  });

  test('are fetched at most once a cooldown, however many unknown signatures come', async () => {
    const { state, keys, fetches } = await stage(newSigner());
    await keys.current();
    state.now += COOLDOWN;
    await Promise.all(Array.from({ length: 250 }, () => keys.refreshed()));
    for (let turn = 0; turn < 250; turn++) await keys.refreshed();
    expect(fetches()).toBe(2);
    state.now += COOLDOWN - 1;
    await keys.refreshed();
    expect(fetches()).toBe(2);
    state.now += 1;
    await keys.refreshed();
    expect(fetches()).toBe(3);
  });

  test('are fetched once for a first flood of unknown signatures', async () => {
    const { keys, fetches } = await stage(newSigner());
    const delivery = async () => {
      await keys.current();
      await keys.refreshed();
    };
    await Promise.all(Array.from({ length: 500 }, delivery));
    expect(fetches()).toBe(1);
  });

  test('are believed after fal changed them, with the first signature that needs it', async () => {
    const [old, fresh] = [newSigner(), newSigner()];
    const { state, keys, publishing } = await stage(old);
    expect(believes(await keys.current(), fresh)).toBe(false);
    state.answer = publishing(fresh);
    state.now += COOLDOWN;
    const now = await keys.refreshed();
    expect(believes(now, fresh)).toBe(true);
    expect(believes(now, old)).toBe(false);
  });

  test('are tried again a second later while none were ever had', async () => {
    const signer = newSigner();
    const { state, keys, publishing, fetches } = await stage();
    expect(await keys.current()).toBeNull();
    state.answer = publishing(signer);
    state.now += 999;
    expect(await keys.current()).toBeNull();
    expect(fetches()).toBe(1);
    state.now += 1;
    expect(believes(await keys.current(), signer)).toBe(true);
  });
});

const BROKEN: readonly (readonly [string, (response: ServerResponse) => void])[] = [
  ['answers with an error', (response) => json(response, 503, {})],
  ['answers with a page', (response) => html(response, 200)],
  ['answers with cut JSON', (response) => response.end('{"keys":[{"x":"')],
  [
    'answers with 65 KB, good keys among them',
    (response) => json(response, 200, { keys: [{ x: newSigner().x }], pad: 'x'.repeat(65_536) }),
  ],
  ['redirects', (response) => response.writeHead(302, { location: '/elsewhere.json' }).end()],
  ['hangs up', (response) => response.destroy()],
  [
    'breaks off',
    (response) => void response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy()),
  ],
  ['has no keys', (response) => json(response, 200, { keys: [] })],
  ['has no list', (response) => json(response, 200, { keys: {} })],
  ['has null', (response) => json(response, 200, null)],
  [
    'has only junk',
    (response) => json(response, 200, { keys: [null, 7, 'x', {}, { x: 1 }, { x: 'short' }] }),
  ],
  [
    'has only keys of other kinds',
    (response) =>
      json(response, 200, {
        keys: [
          { kty: 'RSA', n: 'x', e: 'AQAB' },
          { kty: 'OKP', crv: 'X25519', x: newSigner().x },
        ],
      }),
  ],
  [
    'has only a key of low order',
    (response) => json(response, 200, { keys: [{ kty: 'OKP', crv: 'Ed25519', x: `AQ${'A'.repeat(41)}` }] }),
  ],
];

describe.each(BROKEN)('when the endpoint %s', (_what, answer) => {
  test('the known keys stay good until they are 24 hours old', async () => {
    const signer = newSigner();
    const { state, keys, log, fetches } = await stage(signer);
    await keys.current();
    state.answer = answer;
    state.now += COOLDOWN;
    expect(believes(await keys.refreshed(), signer)).toBe(true);
    expect(fetches()).toBe(2);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { knownKeys: 1 } }]);
    state.now += 24 * HOUR - COOLDOWN;
    expect(believes(await keys.current(), signer)).toBe(true);
    state.now += 1;
    expect(await keys.current()).toBeNull();
  });

  test('there are no keys where there were none', async () => {
    const { state, keys } = await stage();
    state.answer = answer;
    expect(await keys.current()).toBeNull();
    expect(await keys.refreshed()).toBeNull();
  });
});

test('a redirect is not followed', async () => {
  const { state, keys, fetches } = await stage();
  state.answer = (response) => response.writeHead(307, { location: '/again.json' }).end();
  expect(await keys.current()).toBeNull();
  expect(fetches()).toBe(1);
});

test('good keys between junk are used', async () => {
  const signer = newSigner();
  const { state, keys } = await stage();
  state.answer = (response) =>
    json(response, 200, {
      keys: [
        null,
        'x',
        { kty: 'RSA' },
        { x: signer.x },
        { kty: 'OKP', crv: 'Ed25519', x: newSigner().x, use: 'sig' },
      ],
      more: 1,
    });
  const known = await keys.current();
  expect(known).toHaveLength(2);
  expect(believes(known, signer)).toBe(true);
});

test(
  'an endpoint that never answers, or drips, is given up within 5 seconds, together',
  { timeout: 9000 },
  async () => {
    const silent = await stage();
    silent.state.answer = () => undefined;
    const dripping = await stage();
    const drips: NodeJS.Timeout[] = [];
    dripping.state.answer = (response) => {
      response.writeHead(200);
      drips.push(setInterval(() => response.write(' '), 100));
    };
    const started = performance.now();
    try {
      expect(await Promise.all([silent.keys.current(), dripping.keys.current()])).toEqual([null, null]);
      expect(performance.now() - started).toBeLessThan(7000);
    } finally {
      drips.forEach(clearInterval);
    }
  },
);

import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { html, json, peer } from '../support/fal-peer.ts';
import { RemoteJwks, type FetchFailure } from '../../src/jwks/remote-jwks.ts';
import { SECOND_MS } from '../../src/values/units.ts';

const [MAX_AGE, COOLDOWN, TRUSTED] = [600 * SECOND_MS, 30 * SECOND_MS, 3600 * SECOND_MS];

type Answer = (response: ServerResponse) => void;

const keys =
  (name: string): Answer =>
  (response) =>
    json(response, 200, name);

/** A cache over an endpoint and a clock that the test controls. */
async function cached(answer: Answer = keys('old'), timeoutMs?: number) {
  const state = { now: 5000, answer };
  const { url, arrived } = await peer((response) => state.answer(response));
  const failures: FetchFailure<string>[] = [];
  const jwks = new RemoteJwks({
    url,
    parse(body) {
      if (typeof body !== 'string') throw new Error('no keys');
      return body;
    },
    maxAgeMs: MAX_AGE,
    trustedMs: TRUSTED,
    cooldownMs: COOLDOWN,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    onFailure: (failure) => failures.push(failure),
    now: () => state.now,
  });
  return { state, jwks, failures, fetches: () => arrived.length };
}

describe('remote keys', () => {
  test('are fetched on the first use, once for all concurrent callers', async () => {
    const { jwks, fetches } = await cached();
    expect(fetches()).toBe(0);
    const calls = Array.from({ length: 500 }, async () => [await jwks.current(), await jwks.refreshed()]);
    expect(new Set((await Promise.all(calls)).flat())).toEqual(new Set(['old']));
    expect(fetches()).toBe(1);
  });

  test('over the maximum age are fetched again before they are used', async () => {
    const { state, jwks, fetches } = await cached();
    expect(await jwks.current()).toBe('old');
    state.answer = keys('new');
    state.now += MAX_AGE - 1;
    expect(await jwks.current()).toBe('old');
    expect(fetches()).toBe(1);
    state.now += 1;
    const all = [jwks.current(), jwks.refreshed(), jwks.current()];
    expect(await Promise.all(all)).toEqual(Array(3).fill('new'));
    expect(fetches()).toBe(2);
  });

  test('are refreshed once per cooldown, however many unknown signatures arrive', async () => {
    const { state, jwks, fetches } = await cached();
    await jwks.current();
    state.answer = keys('new');
    state.now += COOLDOWN - 1;
    expect(await jwks.refreshed()).toBe('old');
    state.now += 1;
    await Promise.all(Array.from({ length: 250 }, () => jwks.refreshed()));
    for (let turn = 0; turn < 250; turn++) expect(await jwks.refreshed()).toBe('new');
    expect(fetches()).toBe(2);
  });

  test('stay in use during an outage until they are no longer trusted', async () => {
    const { state, jwks, failures, fetches } = await cached();
    await jwks.current();
    state.answer = (response) => json(response, 503, {});
    state.now += MAX_AGE;
    for (let turn = 0; turn < 5; turn++) expect(await jwks.current()).toBe('old');
    expect(fetches()).toBe(2);
    expect(jwks.failure?.message).toBe('HTTP 503');
    state.now += COOLDOWN;
    expect(await jwks.current()).toBe('old');
    expect(fetches()).toBe(3);
    state.now += TRUSTED - MAX_AGE - COOLDOWN;
    expect(await jwks.current()).toBe('old');
    state.now += SECOND_MS;
    expect(await jwks.current()).toBeNull();
    expect(failures).toMatchObject([{ known: 'old' }, { known: 'old' }, { known: 'old' }, { known: null }]);
  });

  test('are fetched once per second while none are trusted', async () => {
    const { state, jwks, fetches } = await cached((response) => json(response, 503, {}));
    expect(await jwks.current()).toBeNull();
    state.answer = keys('new');
    state.now += SECOND_MS - 1;
    expect(await jwks.current()).toBeNull();
    expect(fetches()).toBe(1);
    state.now += 1;
    expect(await jwks.current()).toBe('new');
    expect(jwks.failure).toBeNull();
  });
});

test.each<[string, Answer]>([
  ['answers an error', (response) => json(response, 503, 'new')],
  ['answers a page', (response) => html(response, 200)],
  ['answers cut JSON', (response) => response.end('"new')],
  ['answers 65 KB', (response) => json(response, 200, 'x'.repeat(65_536))],
  ['answers without keys', (response) => json(response, 200, null)],
  ['redirects', (response) => response.writeHead(307, { location: '/again.json' }).end()],
  ['closes the connection', (response) => response.destroy()],
  [
    'breaks off',
    (response) => void response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy()),
  ],
])('an endpoint that %s is one failed fetch, and the known keys stay', async (_what, answer) => {
  const { state, jwks, failures, fetches } = await cached();
  await jwks.current();
  state.answer = answer;
  state.now += COOLDOWN;
  expect(await jwks.refreshed()).toBe('old');
  expect(fetches()).toBe(2);
  expect(failures).toMatchObject([{ known: 'old' }]);
});

test('a fetch without a complete answer fails at its timeout', async () => {
  const silent = await cached(() => undefined, 500);
  const drips: NodeJS.Timeout[] = [];
  const dripping = await cached((response) => {
    response.writeHead(200);
    drips.push(setInterval(() => response.write(' '), 100));
  }, 500);
  try {
    expect(await Promise.all([silent.jwks.current(), dripping.jwks.current()])).toEqual([null, null]);
  } finally {
    drips.forEach(clearInterval);
  }
});

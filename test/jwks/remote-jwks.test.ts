import { describe, expect, test } from 'vitest';
import { json, peer } from '../support/fal-peer.ts';
import { RemoteJwks, type FetchFailure } from '../../src/jwks/remote-jwks.ts';

const SECOND = 1000;
const [MAX_AGE, COOLDOWN, TRUSTED] = [600 * SECOND, 30 * SECOND, 3600 * SECOND];

/** A cache of what an endpoint serves, over a clock and an endpoint that the test decides. */
async function stage() {
  const state = { now: 5000, served: 'old', isAway: false };
  const { url, arrived } = await peer((response) =>
    state.isAway ? json(response, 503, {}) : json(response, 200, state.served),
  );
  const failures: FetchFailure<string>[] = [];
  const jwks = new RemoteJwks({
    url,
    parse: String,
    maxAgeMs: MAX_AGE,
    trustedMs: TRUSTED,
    cooldownMs: COOLDOWN,
    onFailure: (failure) => failures.push(failure),
    now: () => state.now,
  });
  return { state, jwks, failures, fetches: () => arrived.length };
}

describe('keys over the maximum age', () => {
  test('are fetched again before they are used', async () => {
    const { state, jwks, fetches } = await stage();
    expect(await jwks.current()).toBe('old');
    state.served = 'new';
    state.now += MAX_AGE - 1;
    expect(await jwks.current()).toBe('old');
    expect(fetches()).toBe(1);
    state.now += 1;
    expect(await Promise.all([jwks.current(), jwks.refreshed(), jwks.current()])).toEqual(
      Array(3).fill('new'),
    );
    expect(fetches()).toBe(2);
  });

  test('are used on while they cannot be fetched, which is tried once a cooldown', async () => {
    const { state, jwks, failures, fetches } = await stage();
    await jwks.current();
    state.isAway = true;
    state.now += MAX_AGE;
    for (let turn = 0; turn < 5; turn++) expect(await jwks.current()).toBe('old');
    expect(fetches()).toBe(2);
    expect(jwks.failure?.message).toBe('HTTP 503');
    state.now += COOLDOWN;
    expect(await jwks.current()).toBe('old');
    expect(fetches()).toBe(3);
    expect(failures).toMatchObject([{ known: 'old' }, { known: 'old' }]);

    state.isAway = false;
    state.now += COOLDOWN;
    await jwks.current();
    expect(jwks.failure).toBeNull();
  });
});

test('keys that are trusted no longer are none, and are tried for every second from then on', async () => {
  const { state, jwks, failures, fetches } = await stage();
  await jwks.current();
  state.isAway = true;
  state.now += TRUSTED;
  expect(await jwks.current()).toBe('old');
  const before = fetches();
  state.now += SECOND;
  for (let turn = 0; turn < 5; turn++) expect(await jwks.current()).toBeNull();
  expect(fetches()).toBe(before + 1);
  expect(failures.at(-1)).toMatchObject({ known: null });
  state.isAway = false;
  state.now += SECOND;
  expect(await jwks.current()).toBe('old');
});

import { expect, test } from 'vitest';
import { WebhookKeys } from '../../src/fal/webhook-keys.ts';
import { newSigner } from '../support/signing.ts';
import { json, peer } from '../support/fal-peer.ts';
import { memoryLog } from '../support/memory-log.ts';
import { DAY_MS, MINUTE_MS } from '../../src/values/units.ts';

/** fal's key set over an endpoint and a clock that the test controls. */
async function keySetOf(body: unknown) {
  const state = { now: 5000, body };
  const { url, arrived } = await peer((response) => json(response, 200, state.body));
  const log = memoryLog();
  const keys = new WebhookKeys(`${url}/.well-known/jwks.json`, log, () => state.now);
  /** The public keys as the key set publishes them. */
  const current = async () => (await keys.current())?.map((key) => key.export({ format: 'jwk' }).x) ?? null;
  return { state, keys, current, log, fetches: () => arrived.length };
}

const x = () => newSigner().x;

test('the Ed25519 keys of a set are used, whatever else it contains', async () => {
  const [plain, typed] = [x(), x()];
  const junk = [null, 'x', { kty: 'RSA', n: 'x', e: 'AQAB' }, { x: 1 }, { x: 'short' }];
  const key = { kty: 'OKP', crv: 'Ed25519', x: typed, use: 'sig' };
  const { current } = await keySetOf({ keys: [...junk, { x: plain }, key], more: 1 });
  expect(await current()).toEqual([plain, typed]);
});

test.each<[string, unknown]>([
  ['no keys', { keys: [] }],
  ['no list', { keys: {} }],
  ['null', null],
  ['junk only', { keys: [null, 7, 'x', {}, { x: 1 }, { x: 'short' }] }],
  ['an X25519 key only', { keys: [{ kty: 'OKP', crv: 'X25519', x: x() }] }],
  ['a key of low order only', { keys: [{ kty: 'OKP', crv: 'Ed25519', x: `AQ${'A'.repeat(41)}` }] }],
])('a set with %s is refused, and the known keys stay', async (_what, body) => {
  const known = x();
  const { state, keys, current, log } = await keySetOf({ keys: [{ x: known }] });
  await current();
  state.body = body;
  state.now += MINUTE_MS;
  await keys.refreshed();
  expect(await current()).toEqual([known]);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { knownKeys: 1 } }]);
});

test('keys are trusted for 24 hours and refreshed at most once a minute', async () => {
  const { state, keys, current, fetches } = await keySetOf({ keys: [{ x: x() }] });
  await current();
  state.now += DAY_MS;
  await current();
  expect(fetches()).toBe(1);
  state.now += 1;
  await current();
  expect(fetches()).toBe(2);
  state.now += MINUTE_MS - 1;
  await keys.refreshed();
  expect(fetches()).toBe(2);
  state.now += 1;
  await keys.refreshed();
  expect(fetches()).toBe(3);
});

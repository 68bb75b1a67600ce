import { afterEach, describe, expect, test, vi } from 'vitest';
import { memoryLog } from '../support/memory-log.ts';
import { FakeBreakerStore, IN_ONE_MINUTE, IN_TWO_MINUTES } from '../support/breaker-fixture.ts';
import { CircuitBreaker } from '../../src/fal/circuit-breaker.ts';
import type { FalResponse } from '../../src/fal/send-once.ts';

function answer(status: number, detail = '', headers: Record<string, string> = {}): FalResponse {
  return { kind: 'response', status, headers: new Headers(headers), body: { json: { detail } } };
}

function breakerFixture() {
  const store = new FakeBreakerStore();
  const log = memoryLog();
  return { store, log, breaker: new CircuitBreaker(store, log) };
}

async function heldBack(breaker: CircuitBreaker) {
  const foreseen = await breaker.heldBack();
  const admission = await breaker.admit();
  const actual = 'heldBack' in admission ? admission.heldBack : null;
  expect(foreseen?.pause?.reason).toBe(actual?.pause?.reason);
  return actual;
}

async function messageOf(breaker: CircuitBreaker): Promise<string | null> {
  return (await heldBack(breaker))?.message ?? null;
}

const PROBE = new Date();

afterEach(() => {
  vi.useRealTimers();
});

describe.each([
  ['a submit', null, IN_ONE_MINUTE, '1 minute'],
  ['a probe', PROBE, IN_TWO_MINUTES, '2 minutes'],
] as const)('the breaker opens when fal answers %s with', (_submit, probe, { retryAt }, wait) => {
  test.each([
    ['a refusal of the key', answer(401, 'Cannot access application'), 'KEY_REFUSED'],
    ['a refusal of an unpaid account', answer(402), 'BALANCE_EXHAUSTED'],
    ['an exhausted balance', answer(403, 'User is locked. Reason: Exhausted balance.'), 'BALANCE_EXHAUSTED'],
  ] as const)('%s', async (_what, given, reason) => {
    const { store, log, breaker } = breakerFixture();
    const told = await breaker.learn(given, probe);
    expect(log.lines).toMatchObject([
      { level: 'error', fields: { reason, nextProbeAt: retryAt.toISOString() } },
    ]);
    const refusal = {
      code: 'PROVIDER_UNAVAILABLE',
      message: `No runs can be started at the moment. Try again in ${wait}. Nothing was started.`,
      pause: { reason, retryAt },
    };
    expect(await heldBack(breaker)).toEqual(refusal);
    // Another instance.
    expect(await heldBack(new CircuitBreaker(store, log))).toEqual(refusal);
    // The caller of the probe asked while the breaker was open. The other one gets fal's words.
    expect(told).toEqual(probe === null ? null : refusal);
  });
});

test.each([
  ['an endpoint that is not ours', answer(403, 'You do not have access to this application')],
  ['a prompt that fal quotes', answer(403, 'The prompt "a locked door, on balance" is not allowed')],
  ['a prompt that quotes fal', answer(403, 'Not allowed: User is locked. Reason: Exhausted balance.')],
  ['words in another form', { ...answer(403), body: { json: { error: 'User is locked. Reason: x' } } }],
  ['a list of faults', { ...answer(403), body: { json: { detail: [{ msg: 'User is locked.' }] } } }],
  ['a page of a proxy', { ...answer(403), body: { text: 'User is locked. Reason: billing' } }],
  ['a bad input', answer(422, 'balance')],
  ['a fault of fal', answer(500, 'locked')],
  ['no answer', { kind: 'no-response', sent: true, message: 'cut' } satisfies FalResponse],
] as const)('%s neither opens the breaker nor closes it', async (_what, given) => {
  const { store, breaker } = breakerFixture();
  await breaker.learn(given, null);
  expect(store.calls).toEqual([]);
  await breaker.learn(given, PROBE);
  expect(store.calls).toEqual(['release']);
});

test.each([
  [4100, '5 s'],
  [30_000, '30 s'],
  [30_001, '1 minute'],
  [60_001, '2 minutes'],
])('a wait of %i ms is told as %s', async (retryInMs, words) => {
  const { store, breaker } = breakerFixture();
  store.admission = { kind: 'open', opened: { reason: null, retryAt: PROBE, retryInMs } };
  expect(await messageOf(breaker)).toContain(`Try again in ${words}.`);
});

test('a success closes the breaker when it is that of a probe', async () => {
  const { store, log, breaker } = breakerFixture();
  await breaker.learn(answer(200), null);
  expect(store.calls).toEqual([]);
  await breaker.learn(answer(200), PROBE);
  expect(store.calls).toEqual(['close']);
  expect(log.lines).toMatchObject([{ level: 'warn' }]);
});

describe('a pause that fal asks for', () => {
  test.each([
    ['in seconds', 429, '30', 30],
    ['with a 503', 503, '30', 30],
    ['as a date', 429, new Date(1_800_000_030_000).toUTCString(), 30],
    ['of more than ten minutes is ten minutes', 429, '86400', 600],
  ] as const)('%s is kept to', async (_what, status, retryAfter, seconds) => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    const { store, breaker } = breakerFixture();
    await breaker.learn(answer(status, 'busy', { 'retry-after': retryAfter }), null);
    expect(await messageOf(breaker)).toContain(`try again in ${seconds} s`);
    const retryAt = new Date(1_800_000_000_000 + seconds * 1000);
    expect((await heldBack(breaker))?.pause).toEqual({ reason: 'BUSY', retryAt });
    vi.advanceTimersByTime(seconds * 1000 - 1);
    expect(await heldBack(breaker)).not.toBeNull();
    vi.advanceTimersByTime(1);
    expect(await heldBack(breaker)).toBeNull();
    expect(store.calls).toEqual([]);
  });

  test('is not made shorter by a later answer', async () => {
    const { breaker } = breakerFixture();
    await breaker.learn(answer(429, 'busy', { 'retry-after': '30' }), null);
    await breaker.learn(answer(429, 'busy', { 'retry-after': '1' }), null);
    await breaker.learn(answer(429), null);
    expect(await messageOf(breaker)).toMatch(/try again in (30|29) s/);
  });

  test.each([undefined, '', 'soon', '-5', '1.5', new Date(0).toUTCString()])(
    'that reads %j is none',
    async (value) => {
      const { breaker } = breakerFixture();
      await breaker.learn(answer(429, 'busy', value === undefined ? {} : { 'retry-after': value }), null);
      expect(await heldBack(breaker)).toBeNull();
    },
  );
});

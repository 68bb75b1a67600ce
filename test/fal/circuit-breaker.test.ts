import { afterEach, describe, expect, test, vi } from 'vitest';
import { memoryLog } from '../support/memory-log.ts';
import { KeptStops } from '../support/breaker-fixture.ts';
import { CircuitBreaker } from '../../src/fal/circuit-breaker.ts';
import type { FalAnswer } from '../../src/fal/send-once.ts';

function answer(status: number, detail = '', headers: Record<string, string> = {}): FalAnswer {
  return { kind: 'answered', status, headers: new Headers(headers), body: { json: { detail } } };
}

function bench() {
  const stops = new KeptStops();
  const log = memoryLog();
  return { stops, log, hold: new CircuitBreaker(stops, log) };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('submits are stopped by', () => {
  test.each([
    ['a key that fal refuses', answer(401, 'Cannot access application'), 'KEY_REFUSED'],
    ['an unpaid account', answer(402), 'BALANCE_EXHAUSTED'],
    ['an exhausted balance', answer(403, 'User is locked. Reason: Exhausted balance.'), 'BALANCE_EXHAUSTED'],
  ] as const)('%s', async (_what, given, reason) => {
    const { stops, log, hold } = bench();
    expect(await hold.reason()).toBeNull();
    await hold.learn(given);
    expect(stops.reasons).toEqual([reason]);
    expect(log.lines).toMatchObject([{ level: 'error', fields: { reason } }]);
    expect(await hold.reason()).toContain('Nothing was started');
    // Another instance, which was told nothing itself.
    expect(await new CircuitBreaker(stops, log).reason()).toContain('Nothing was started');
  });
});

test.each([
  ['a success', answer(200)],
  ['an endpoint that is not ours', answer(403, 'You do not have access to this application')],
  ['a prompt that fal quotes', answer(403, 'The prompt "a locked door, on balance" is not allowed')],
  ['a prompt that quotes fal', answer(403, 'Not allowed: User is locked. Reason: Exhausted balance.')],
  ['words in another form', { ...answer(403), body: { json: { error: 'User is locked. Reason: x' } } }],
  ['a list of faults', { ...answer(403), body: { json: { detail: [{ msg: 'User is locked.' }] } } }],
  ['a page of a proxy', { ...answer(403), body: { text: 'User is locked. Reason: billing' } }],
  ['a bad input', answer(422, 'balance')],
  ['a fault of fal', answer(500, 'locked')],
  ['no answer', { kind: 'unanswered', sent: true, message: 'cut' } satisfies FalAnswer],
] as const)('%s stops nothing', async (_what, given) => {
  const { stops, hold } = bench();
  await hold.learn(given);
  expect(stops.reasons).toEqual([]);
  expect(await hold.reason()).toBeNull();
});

describe('a pause that fal asks for', () => {
  test.each([
    ['in seconds', 429, '30', 30],
    ['with a 503', 503, '30', 30],
    ['as a date', 429, new Date(1_800_000_030_000).toUTCString(), 30],
    ['of more than ten minutes is ten minutes', 429, '86400', 600],
  ] as const)('%s is kept to', async (_what, status, retryAfter, seconds) => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    const { stops, hold } = bench();
    await hold.learn(answer(status, 'busy', { 'retry-after': retryAfter }));
    expect(await hold.reason()).toContain(`try again in ${seconds} s`);
    vi.advanceTimersByTime(seconds * 1000 - 1);
    expect(await hold.reason()).not.toBeNull();
    vi.advanceTimersByTime(1);
    expect(await hold.reason()).toBeNull();
    expect(stops.reasons).toEqual([]);
  });

  test('is not made shorter by a later answer', async () => {
    const { hold } = bench();
    await hold.learn(answer(429, 'busy', { 'retry-after': '30' }));
    await hold.learn(answer(429, 'busy', { 'retry-after': '1' }));
    await hold.learn(answer(429));
    expect(await hold.reason()).toMatch(/try again in (30|29) s/);
  });

  test.each([undefined, '', 'soon', '-5', '1.5', new Date(0).toUTCString()])(
    'that reads %j is none',
    async (value) => {
      const { hold } = bench();
      await hold.learn(answer(429, 'busy', value === undefined ? {} : { 'retry-after': value }));
      expect(await hold.reason()).toBeNull();
    },
  );
});

import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Signal } from '../../src/async/signal.ts';

const LONG_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether it settles without a timer. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await turn();
  return settled;
}

describe('a signal', () => {
  test('wakes the waiting caller, and leaves no timer', async () => {
    const signal = new Signal();
    const waiting = signal.wait(LONG_MS);
    expect(await isSettled(waiting)).toBe(false);
    signal.notify();
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps one notification while nobody waits', async () => {
    const signal = new Signal();
    for (let count = 0; count < 1000; count++) signal.notify();
    await signal.wait(LONG_MS);
    const second = signal.wait(LONG_MS);
    expect(await isSettled(second)).toBe(false);
    signal.notify();
    await second;
  });

  test('keeps none while somebody waits', async () => {
    const signal = new Signal();
    const first = signal.wait(LONG_MS);
    signal.notify();
    signal.notify();
    await first;
    expect(await isSettled(signal.wait(LONG_MS))).toBe(false);
  });

  test('wakes at the timeout without a notification', async () => {
    const waiting = new Signal().wait(1000);
    await vi.advanceTimersByTimeAsync(999);
    expect(await isSettled(waiting)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isSettled(waiting)).toBe(true);
  });
});

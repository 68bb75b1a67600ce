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

/** Whether it settled without any time passing. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await turn();
  return settled;
}

describe('a latch', () => {
  test('wakes whoever waits, and leaves no timer behind', async () => {
    const latch = new Signal();
    const waiting = latch.wait(LONG_MS);
    expect(await isSettled(waiting)).toBe(false);
    latch.notify();
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('remembers that it rang while nobody waited, once however often', async () => {
    const latch = new Signal();
    for (let ring = 0; ring < 1000; ring++) latch.notify();
    await latch.wait(LONG_MS);
    const second = latch.wait(LONG_MS);
    expect(await isSettled(second)).toBe(false);
    latch.notify();
    await second;
  });

  test('forgets the rings that woke somebody', async () => {
    const latch = new Signal();
    const first = latch.wait(LONG_MS);
    latch.notify();
    latch.notify();
    await first;
    expect(await isSettled(latch.wait(LONG_MS))).toBe(false);
  });

  test('wakes after its time though it never rang', async () => {
    const waiting = new Signal().wait(1000);
    await vi.advanceTimersByTimeAsync(999);
    expect(await isSettled(waiting)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isSettled(waiting)).toBe(true);
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { atExpiry } from '../../src/auth/at-expiry.ts';
import { DAY_MS } from '../../src/values/units.ts';

const YEAR = 365 * DAY_MS;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_760_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('atExpiry', () => {
  test.each([
    ['a second', 1000],
    ['the longest a timer can wait', 2 ** 31 - 1],
    ['a moment more than that', 2 ** 31],
    ['a year', YEAR],
  ])('calls back after %s and not before', (_what, ms) => {
    const end = vi.fn();
    atExpiry(Date.now() + ms, end);
    vi.advanceTimersByTime(ms - 1);
    expect(end).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(end).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('calls back at once for an expired token', () => {
    const end = vi.fn();
    atExpiry(Date.now() - 1, end);
    vi.advanceTimersByTime(0);
    expect(end).toHaveBeenCalledOnce();
  });

  test('never calls back without an expiry', () => {
    const end = vi.fn();
    atExpiry(null, end)();
    expect(vi.getTimerCount()).toBe(0);
    expect(end).not.toHaveBeenCalled();
  });

  test('can be cancelled during a long wait', () => {
    const end = vi.fn();
    const cancel = atExpiry(Date.now() + YEAR, end);
    vi.advanceTimersByTime(30 * DAY_MS);
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(YEAR);
    expect(end).not.toHaveBeenCalled();
  });
});

import { afterEach, expect, test, vi } from 'vitest';
import { LogThrottle } from '../../src/log/log-throttle.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('each kind is said at first, and then once per interval with how often it happened', () => {
  vi.useFakeTimers();
  const seldom = new LogThrottle(10_000);
  const said = () => [seldom.times('forged'), seldom.times('forged'), seldom.times('stale')];
  expect(said()).toEqual([1, null, 1]);
  expect(said()).toEqual([null, null, null]);
  vi.advanceTimersByTime(9_999);
  expect(seldom.times('forged')).toBeNull();
  vi.advanceTimersByTime(1);
  expect(said()).toEqual([5, null, 2]);
});

import { afterEach, expect, test, vi } from 'vitest';
import { LogThrottle } from '../../src/log/log-throttle.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('each kind is logged first at once, then once per interval with its count', () => {
  vi.useFakeTimers();
  const throttle = new LogThrottle(10_000);
  const counts = () => [throttle.times('forged'), throttle.times('forged'), throttle.times('stale')];
  expect(counts()).toEqual([1, null, 1]);
  expect(counts()).toEqual([null, null, null]);
  vi.advanceTimersByTime(9_999);
  expect(throttle.times('forged')).toBeNull();
  vi.advanceTimersByTime(1);
  expect(counts()).toEqual([5, null, 2]);
});

import { expect, test, vi } from 'vitest';
import { ClockSkew } from '../../src/fal/clock-skew.ts';
import { memoryLog } from '../support/memory-log.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/values/units.ts';

test('clock skew is logged once an hour when it is large, and always known in seconds', () => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  const log = memoryLog();
  const clock = new ClockSkew(log);
  expect(clock.seconds).toBe(0);
  const noticeIn = (skewMs: number) => clock.notice(new Date(Date.now() + skewMs).toUTCString());

  noticeIn(30_000);
  expect(clock.seconds).toBe(30);
  expect(log.lines).toEqual([]);

  noticeIn(-10 * MINUTE_MS);
  noticeIn(-10 * MINUTE_MS);
  expect(clock.seconds).toBe(-600);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { skewSeconds: -600 } }]);

  vi.advanceTimersByTime(HOUR_MS);
  noticeIn(10 * MINUTE_MS);
  expect(log.lines).toHaveLength(2);
  vi.useRealTimers();
});

test('an invalid Date header is ignored', () => {
  const clock = new ClockSkew(memoryLog());
  for (const date of [null, '', 'yesterday']) clock.notice(date);
  expect(clock.seconds).toBe(0);
});

import { describe, expect, test } from 'vitest';
import { backoffMs, LEASE_MS, MAX_BACKOFF_MS, PROVIDER_TIMEOUT_MS } from '../../src/jobs/timing.ts';

describe('the backoff between polls', () => {
  test('doubles with every failure up to a minute', () => {
    expect([0, 1, 2, 3, 4, 5].map((failures) => backoffMs(3000, failures))).toEqual([
      3000, 6000, 12_000, 24_000, 48_000, 60_000,
    ]);
    for (const failures of [6, 10, 11, 100, 1_000_000])
      expect(backoffMs(3000, failures)).toBe(MAX_BACKOFF_MS);
  });

  test('is never shorter than the interval', () => {
    for (const intervalMs of [50, 3000, MAX_BACKOFF_MS, 3_600_000]) {
      for (const failures of [0, 1, 5, 50]) {
        expect(backoffMs(intervalMs, failures)).toBeGreaterThanOrEqual(intervalMs);
      }
    }
    expect(backoffMs(3_600_000, 9)).toBe(3_600_000);
  });

  test('is bounded for every interval', () => {
    expect(backoffMs(1, 10)).toBe(1024);
    expect(backoffMs(1, 11)).toBe(1024);
  });
});

test('a lease outlasts a poll, which is up to three requests', () => {
  expect(LEASE_MS).toBeGreaterThan(3 * PROVIDER_TIMEOUT_MS);
});

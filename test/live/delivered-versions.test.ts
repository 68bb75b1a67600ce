import { expect, test } from 'vitest';
import { DeliveredVersions } from '../../src/live/delivered-versions.ts';
import type { Notification } from '../../src/jobs/publish-outbox.ts';

function of(entityId: string, version: number, kind: Notification['kind'] = 'AVATAR'): Notification {
  return { kind, ownerId: 'ada', entityId, version };
}

test('the newest version of each thing counts, and older ones are known with it', () => {
  const told = new DeliveredVersions();
  told.add(of('a', 3));
  told.add(of('a', 2));
  expect(told.has(of('a', 2))).toBe(true);
  expect(told.has(of('a', 3))).toBe(true);
  expect(told.has(of('a', 4))).toBe(false);
  expect(told.has(of('b', 1))).toBe(false);
  expect(told.has(of('a', 1, 'GENERATION'))).toBe(false);
});

test('it is forgotten with its newest version only', () => {
  const told = new DeliveredVersions();
  told.add(of('a', 3));
  told.remove(of('a', 2));
  expect(told.has(of('a', 3))).toBe(true);
  told.remove(of('a', 3));
  expect(told.size).toBe(0);
});

test('an outage of any length takes no more memory than 10,000 things do', () => {
  const told = new DeliveredVersions();
  for (let count = 0; count < 30_000; count++) told.add(of(`avt_${count}`, 1));
  expect(told.size).toBe(10_000);
  expect(told.has(of('avt_29999', 1))).toBe(true);
  expect(told.has(of('avt_0', 1))).toBe(false);
});

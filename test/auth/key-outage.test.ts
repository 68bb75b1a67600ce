import { expect, test } from 'vitest';
import { memoryLog } from '../support/memory-log.ts';
import { KeyOutage } from '../../src/auth/key-outage.ts';

const MINUTE = 60_000;
const error = new Error('no answer');

function outageAt(state: { now: number }) {
  const log = memoryLog();
  return { outage: new KeyOutage(log, () => state.now), levels: () => log.lines.map(({ level }) => level) };
}

test('an outage is logged once, however long it lasts, and so is its end', () => {
  const state = { now: 1000 };
  const { outage, levels } = outageAt(state);
  outage.ends();
  expect(levels()).toEqual([]);
  for (let turn = 0; turn < 10; turn++) {
    outage.goesOn(error);
    state.now += MINUTE;
  }
  expect(levels()).toEqual(['warn']);
  for (let turn = 0; turn < 10; turn++) outage.ends();
  expect(levels()).toEqual(['warn', 'info']);
});

test('frequent outages are logged once a minute', () => {
  const state = { now: 1000 };
  const { outage, levels } = outageAt(state);
  for (let passed = 0; passed < MINUTE; passed += 100) {
    outage.goesOn(error);
    outage.ends();
    state.now += 100;
  }
  expect(levels()).toEqual(['warn', 'info']);
  outage.goesOn(error);
  expect(levels()).toEqual(['warn', 'info', 'warn']);
});

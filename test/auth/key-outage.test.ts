import { expect, test } from 'vitest';
import { memoryLog } from '../support/memory-log.ts';
import { KeyOutage } from '../../src/auth/key-outage.ts';

const MINUTE = 60_000;

function stage() {
  const state = { now: 1000 };
  const log = memoryLog();
  const outage = new KeyOutage(log, () => state.now);
  return { state, outage, told: () => log.lines.map(({ level }) => level) };
}

const error = new Error('no answer');

test('an outage is told once, however long it lasts, and so is its end', () => {
  const { state, outage, told } = stage();
  for (let turn = 0; turn < 10; turn++) {
    outage.goesOn(error);
    state.now += MINUTE;
  }
  expect(told()).toEqual(['warn']);
  for (let turn = 0; turn < 10; turn++) outage.ends();
  expect(told()).toEqual(['warn', 'info']);
});

test('without an outage there is no end of it to tell', () => {
  const { outage, told } = stage();
  outage.ends();
  expect(told()).toEqual([]);
});

test('outages that follow each other fast are told once a minute, and none is kept back for ever', () => {
  const { state, outage, told } = stage();
  for (let passed = 0; passed < MINUTE; passed += 100) {
    outage.goesOn(error);
    outage.ends();
    state.now += 100;
  }
  expect(told()).toEqual(['warn', 'info']);
  outage.goesOn(error);
  expect(told()).toEqual(['warn', 'info', 'warn']);
});

import { expect, test } from 'vitest';
import { EVENTS, LORA_ANSWER } from '../support/run-events.ts';
import { isConsistent } from '../../src/domain/late-event.ts';

const OTHER_ANSWER = { ...LORA_ANSWER, config_file: null };

test.each([
  ['COMPLETED', LORA_ANSWER, 'lora', true],
  [
    'COMPLETED',
    { config_file: LORA_ANSWER.config_file, diffusers_lora_file: LORA_ANSWER.diffusers_lora_file },
    'lora',
    true,
  ],
  ['COMPLETED', OTHER_ANSWER, 'lora', false],
  ['COMPLETED', undefined, 'lora', true],
  ['COMPLETED', LORA_ANSWER, 'identified', true],
  ['COMPLETED', LORA_ANSWER, 'failed', false],
  ['FAILED', { detail: 'bad archive' }, 'failed', true],
  ['FAILED', null, 'failed', true],
  ['FAILED', { detail: 'bad archive' }, 'lora', false],
  ['FAILED', { detail: 'bad archive' }, 'identified', false],
  // A repeated success without its artifact.
  ['FAILED', {}, 'empty', true],
  ['CANCELLED', undefined, 'lora', true],
  ['CANCELLED', undefined, 'failed', true],
] as const)('after %s with %j the event %s is consistent: %s', (state, answer, name, expected) => {
  expect(isConsistent(state, answer, EVENTS[name])).toBe(expected);
});

test('a repeated success is consistent although its answer was sanitised for storage', () => {
  const output = { ...LORA_ANSWER, note: 'a\u0000\ud800', size: Infinity };
  const stored = { ...LORA_ANSWER, note: 'a\ufffd\ufffd', size: null };
  expect(isConsistent('COMPLETED', stored, { ...EVENTS.lora, output })).toBe(true);
  expect(isConsistent('COMPLETED', stored, { ...EVENTS.lora, output: { ...output, note: 'b' } })).toBe(false);
});

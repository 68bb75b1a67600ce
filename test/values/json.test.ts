import { expect, test } from 'vitest';
import { isSameJson, type Json } from '../../src/values/json.ts';

const DIFFERENT: Json[] = [
  null,
  false,
  0,
  1,
  '',
  '1',
  [],
  [null],
  [1, 2],
  [2, 1],
  {},
  { a: null },
  { b: null },
  { a: [1] },
  { a: [1], b: {} },
  { a: { b: { c: 1 } } },
  { a: { b: { c: 2 } } },
  JSON.parse('{"__proto__": null}') as Json,
];

test('isSameJson compares values, whatever the order of fields', () => {
  for (const one of DIFFERENT) {
    for (const other of DIFFERENT) expect(isSameJson(one, structuredClone(other))).toBe(one === other);
  }
  expect(isSameJson({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
  expect(isSameJson(undefined, null)).toBe(false);
});

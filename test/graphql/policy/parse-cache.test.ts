import { expect, test } from 'vitest';
import { ParseCache } from '../../../src/graphql/policy/parse-cache.ts';
import { parse } from 'graphql';

const document = parse('{ trainers { name } }');
/** So long that ten of them are kept. */
const text = (index: number) => `{ trainers { name } } #${index} `.padEnd(10_000, '.');

test('a document is known by its whole text', () => {
  const known = new ParseCache();
  const other = parse('{ avatars { edges { cursor } } }');
  known.set('{ trainers { name } }', document);
  known.set('{ avatars { edges { cursor } } }', other);
  expect(known.get('{ trainers { name } }')).toBe(document);
  expect(known.get('{ avatars { edges { cursor } } }')).toBe(other);
  expect(known.get('{ trainers { name }  }')).toBeUndefined();
  expect(known.get('')).toBeUndefined();
});

test('those used longest ago are forgotten when all together are too large', () => {
  const known = new ParseCache();
  for (let index = 0; index < 10; index += 1) known.set(text(index), document);
  expect(known.get(text(0))).toBe(document);

  known.set(text(10), document);

  expect(known.get(text(0))).toBe(document);
  expect(known.get(text(1))).toBeUndefined();
  for (let index = 2; index <= 10; index += 1) expect(known.get(text(index))).toBe(document);
});

test('one that is told again counts once', () => {
  const known = new ParseCache();
  for (let times = 0; times < 100; times += 1) known.set(text(0), document);
  for (let index = 1; index < 10; index += 1) known.set(text(index), document);
  expect(known.get(text(0))).toBe(document);
});

test('one that is too large by itself is not kept, and moves no other out', () => {
  const known = new ParseCache();
  known.set(text(0), document);
  known.set('#'.repeat(100_001), document);
  expect(known.get(text(0))).toBe(document);
  expect(known.get('#'.repeat(100_001))).toBeUndefined();
});

import { describe, expect, test } from 'vitest';
import { idempotencyOf, newId, newTriggerPhrase } from '../../src/jobs/ids.ts';

describe('an id', () => {
  test('begins with the prefix of its kind', () => {
    for (const prefix of ['avt', 'gen', 'job'] as const) {
      expect(newId(prefix)).toMatch(new RegExp(`^${prefix}_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$`));
    }
  });

  test('is unique and sorts by time of creation', () => {
    const ids = Array.from({ length: 20_000 }, () => newId('avt'));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('a generated trigger phrase is no word and practically unique', () => {
  const phrases = Array.from({ length: 1000 }, newTriggerPhrase);
  for (const phrase of phrases) expect(phrase).toMatch(/^lk[bcdfghjkmnpqrstvwxz2-9]{6}$/);
  expect(new Set(phrases).size).toBeGreaterThan(990);
});

describe('the fingerprint of a request', () => {
  const digestOf = (request: Parameters<typeof idempotencyOf>[1]) => idempotencyOf('key', request)?.digest;
  const request = { of: 'training', avatarId: 'avt_1', imagesUrl: 'https://x.example/a', steps: 100 };
  const digest = digestOf(request);

  test('does not depend on the order of fields', () => {
    const fields = Object.entries(request);
    const turned = fields.map((_, first) => [...fields.slice(first), ...fields.slice(0, first)]);
    for (const order of [...turned, ...turned.map((order) => order.toReversed())]) {
      expect(digestOf(Object.fromEntries(order))).toBe(digest);
    }
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('does not distinguish null, undefined and absent fields', () => {
    expect(digestOf({ ...request, trainer: null, seed: undefined })).toBe(digest);
  });

  test.each([
    { ...request, steps: 101 },
    { ...request, steps: '100' },
    { ...request, steps: null },
    { ...request, of: 'generation' },
    { ...request, seed: 0 },
    { ...request, trainer: '' },
    { ...request, flag: false },
    { of: 'training', avatarId: 'avt_1","imagesUrl', imagesUrl: 'https://x.example/a', steps: 100 },
  ])('differs for another request: %j', (other) => {
    expect(digestOf(other)).not.toBe(digest);
  });
});

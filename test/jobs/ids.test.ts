import { describe, expect, test } from 'vitest';
import { idempotencyOf, newId, newTriggerPhrase } from '../../src/jobs/ids.ts';

describe('an id', () => {
  test('says what it names', () => {
    for (const prefix of ['avt', 'gen', 'job'] as const) {
      expect(newId(prefix)).toMatch(new RegExp(`^${prefix}_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$`));
    }
  });

  test('sorts by time of creation, and is there once', () => {
    const ids = Array.from({ length: 20_000 }, () => newId('avt'));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('a trigger phrase of ours is no word and hardly ever comes twice', () => {
  const phrases = Array.from({ length: 1000 }, newTriggerPhrase);
  for (const phrase of phrases) expect(phrase).toMatch(/^lk[bcdfghjkmnpqrstvwxz2-9]{6}$/);
  expect(new Set(phrases).size).toBeGreaterThan(990);
});

describe('the digest of a request', () => {
  const digestOf = (request: Parameters<typeof idempotencyOf>[1]) => idempotencyOf('key', request)?.digest;
  const request = { of: 'training', avatarId: 'avt_1', imagesUrl: 'https://x.example/a', steps: 100 };
  const digest = digestOf(request);

  test('is the same whatever the order of the fields', () => {
    const fields = Object.entries(request);
    const turned = fields.map((_, first) => [...fields.slice(first), ...fields.slice(0, first)]);
    for (const order of [...turned, ...turned.map((order) => order.toReversed())]) {
      expect(digestOf(Object.fromEntries(order))).toBe(digest);
    }
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is the same for a field that is null, undefined or absent', () => {
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
  ])('is another for another request: %j', (other) => {
    expect(digestOf(other)).not.toBe(digest);
  });
});

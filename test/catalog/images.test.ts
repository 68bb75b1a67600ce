import { describe, expect, test } from 'vitest';
import { MAX_IMAGES } from '../../src/catalog/generators.ts';
import { readImages } from '../../src/catalog/images.ts';
import type { Json } from '../../src/values/json.ts';

const URL_1 = 'https://v3.fal.media/files/1.jpg';
const URL_2 = 'https://v3.fal.media/files/2.jpg';

function seedOf(seed: Json | undefined): unknown {
  return readImages(seed === undefined ? { images: [{ url: URL_1 }] } : { images: [{ url: URL_1 }], seed });
}

describe('images', () => {
  test('have size, type, flag and seed', () => {
    expect(
      readImages({
        images: [
          { url: URL_1, width: 1024, height: 768, content_type: 'image/jpeg' },
          { url: URL_2, width: 512, height: 512, content_type: 'image/png' },
        ],
        timings: { inference: 1.2 },
        seed: 42,
        has_nsfw_concepts: [false, true],
        prompt: 'x',
      }),
    ).toEqual({
      seed: 42,
      images: [
        { url: URL_1, width: 1024, height: 768, contentType: 'image/jpeg', flagged: false },
        { url: URL_2, width: 512, height: 512, contentType: 'image/png', flagged: true },
      ],
    });
  });

  test('are at most as many as can be requested', () => {
    const reading = readImages({ images: Array.from({ length: 20 }, () => ({ url: URL_1 })) });
    expect('images' in reading && reading.images).toHaveLength(MAX_IMAGES);
  });

  test('are one where the answer has `image` instead of `images`', () => {
    const image = { url: URL_1, width: 512, height: 768, content_type: 'image/png' };
    expect(readImages({ image, seed: 42 })).toEqual({
      seed: 42,
      images: [{ url: URL_1, width: 512, height: 768, contentType: 'image/png', flagged: false }],
    });
    expect(readImages({ image: { url: URL_1 }, images: [{ url: URL_2 }] })).toMatchObject({
      images: [{ url: URL_2 }],
    });
    expect(readImages({ image: { url: 'javascript:1' } })).toEqual({
      missing: 'expected images with http(s) URLs; got only image',
    });
  });

  test.each<[string, Json]>([
    ['absent', { url: URL_1 }],
    ['null', { url: URL_1, width: null, height: null, content_type: null }],
    ['odd', { url: URL_1, width: '1024', height: -1, content_type: 7 }],
    ['broken', { url: URL_1, width: 0.5, height: {}, content_type: [] }],
  ])('have no size and type when they are %s', (_what, image) => {
    expect(readImages({ images: [image] })).toEqual({
      seed: null,
      images: [{ url: URL_1, width: null, height: null, contentType: null, flagged: false }],
    });
  });

  test.each<[string, Json]>([
    ['absent', {}],
    ['null', { has_nsfw_concepts: null }],
    ['too short', { has_nsfw_concepts: [] }],
    ['odd', { has_nsfw_concepts: 'no' }],
  ])('are not flagged when the flags are %s', (_what, rest) => {
    expect(readImages({ images: [{ url: URL_1 }], ...(rest as Record<string, Json>) })).toMatchObject({
      images: [{ flagged: false }],
    });
  });

  // PostgreSQL stores no NUL.
  test('lose only a type that cannot be stored', () => {
    expect(readImages({ images: [{ url: URL_1, content_type: 'image/\u0000' }] })).toMatchObject({
      images: [{ url: URL_1, contentType: null }],
    });
  });

  test('keep a flag next to an invalid one', () => {
    expect(
      readImages({ images: [{ url: URL_1 }, { url: URL_2 }], has_nsfw_concepts: [true, null] }),
    ).toMatchObject({ images: [{ flagged: true }, { flagged: false }] });
  });

  test.each<[string, Json | undefined, number | null]>([
    ['0', 0, 0],
    ['beyond 32 bits', 2 ** 32 + 1, 2 ** 32 + 1],
    ['the last exact one', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['past it', 2 ** 53, null],
    ['a 64 bit one', 18_446_744_073_709_551_615, null],
    ['negative', -1, null],
    ['broken', 1.5, null],
    ['a text', '42', null],
    ['null', null, null],
    ['absent', undefined, null],
  ])('have a seed only when it is exact: %s', (_what, seed, expected) => {
    expect(seedOf(seed)).toMatchObject({ seed: expected });
  });

  test.each<[string, Json, string]>([
    ['null', null, 'null'],
    ['no images', { seed: 1 }, 'only seed'],
    ['an empty list', { images: [] }, 'only images'],
    ['an image without URL', { images: [{ width: 1 }] }, 'only images'],
    ['a data: URL', { images: [{ url: 'data:image/png;base64,AA==' }] }, 'only images'],
    [
      'a javascript: URL among good ones',
      { images: [{ url: URL_1 }, { url: 'javascript:1' }] },
      'only images',
    ],
    ['texts', { images: [URL_1] }, 'only images'],
  ])('are missing in %s', (_what, output, got) => {
    expect(readImages(output)).toEqual({ missing: `expected images with http(s) URLs; got ${got}` });
  });
});

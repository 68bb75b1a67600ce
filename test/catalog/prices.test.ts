import { describe, expect, test } from 'vitest';
import {
  estimateGeneration,
  estimateTraining,
  priceOf,
  PRICES,
  priceText,
  usdText,
} from '../../src/catalog/prices.ts';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import type { JsonObject } from '../../src/values/json.ts';

test('every endpoint of the catalog has a price, or is known to have none', () => {
  const endpoints = BUILT_IN.trainers.flatMap(({ endpoint, generator }) => [endpoint, generator.endpoint]);
  expect(endpoints.filter((endpoint) => !Object.hasOwn(PRICES, endpoint))).toEqual([]);
});

test.each(Object.entries(PRICES).filter(([, price]) => price !== null))(
  '%s has a whole number of millionths, and a date',
  (_endpoint, price) => {
    expect(price?.microUsd).toSatisfy(Number.isSafeInteger);
    expect(price?.microUsd).toBeGreaterThan(0);
    expect(price?.date).toMatch(/^\d{4}-\d\d-\d\d$/);
  },
);

describe('a training costs', () => {
  test.each([
    ['the steps times the price', 'fal-ai/flux-lora-portrait-trainer', 2500, 6_000_000],
    ['a price with parts of a cent', 'fal-ai/flux-2-trainer', 1, 6400],
    ['the minimum, for fewer steps', 'fal-ai/qwen-image-trainer', 1, 500_000],
    ['the steps, at the minimum', 'fal-ai/qwen-image-trainer', 250, 500_000],
    ['the steps, above the minimum', 'fal-ai/qwen-image-trainer', 251, 502_000],
    ['a run, at the steps of a run', 'fal-ai/flux-lora-fast-training', 1000, 2_000_000],
    ['a part of a run, in proportion', 'fal-ai/flux-lora-fast-training', 1501, 3_002_000],
  ])('%s', (_what, endpoint, steps, microUsd) => {
    expect(estimateTraining(endpoint, steps)).toMatchObject({ microUsd, price: PRICES[endpoint] });
  });

  test.each(['fal-ai/flux-pro-trainer', 'fal-ai/flux-2-trainer-v2', 'nobody/knows-it', 'constructor'])(
    'nobody knows what, with %s',
    (endpoint) => {
      expect(priceOf(endpoint)).toBeNull();
      expect(estimateTraining(endpoint, 1000)).toBeNull();
      expect(estimateGeneration(endpoint, {}, 1)).toBeNull();
    },
  );
});

describe('images cost', () => {
  test.each<[what: string, input: JsonObject, images: number, microUsd: number]>([
    ['a whole megapixel for less than one', { image_size: 'portrait_4_3' }, 1, 35_000],
    ['one megapixel for a square of 1024 pixels', { image_size: 'square_hd' }, 1, 35_000],
    ['each image rounded up', { image_size: { width: 1024, height: 1025 } }, 3, 210_000],
    ['two megapixels for full HD', { image_size: { width: 1920, height: 1080 } }, 1, 70_000],
    ['four megapixels for 2048 × 2048', { image_size: { width: 2048, height: 2048 } }, 1, 140_000],
    ['what fal draws when nothing is named', {}, 1, 35_000],
    ['each image, whatever the field with their number is called', { image_count: 4 }, 4, 140_000],
  ])('%s', (_what, input, images, microUsd) => {
    expect(estimateGeneration('fal-ai/flux-lora', input, images)?.microUsd).toBe(microUsd);
  });

  test('the price of an image where that is the unit, whatever the size', () => {
    const input = { aspect_ratio: '1:1' };
    expect(estimateGeneration('fal-ai/flux-pro/v1.1-ultra-finetuned', input, 4)?.microUsd).toBe(240_000);
  });

  test.each([{ image_size: 'huge' }, { image_size: {} }, { image_size: 'constructor' }])(
    'nobody knows what, for %j',
    (input) => {
      expect(estimateGeneration('fal-ai/flux-lora', input, 1)).toBeNull();
    },
  );
});

test.each([
  [0, '$0'],
  [1, '$0.000001'],
  [2400, '$0.0024'],
  [35_000, '$0.035'],
  [500_000, '$0.50'],
  [6_000_000, '$6'],
  [12_345_678_900_000, '$12345678.90'],
])('%d millionths are %s', (microUsd, text) => {
  expect(usdText(microUsd)).toBe(text);
});

test('a price is told with its unit, and a third party’s as approximate', () => {
  expect(priceText(priceOf('fal-ai/flux-lora-portrait-trainer'))).toBe('about $0.0024 a step');
  expect(priceText(priceOf('fal-ai/qwen-image-trainer'))).toBe('$0.002 a step, at least 250 steps');
  expect(priceText(priceOf('fal-ai/flux-pro-trainer'))).toBe('unknown');
});

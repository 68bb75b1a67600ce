import { isJsonObject, type Json, type JsonObject } from '../values/json.ts';

/** RUN: a training with a certain number of steps; others cost in proportion. */
export type PriceUnit = Price['unit'];

/** The model's page at fal, or somebody who pays fal. */
export type PriceSource = 'MODEL_PAGE' | 'THIRD_PARTY';

type Price = {
  /** Of one unit, in millionths of a US dollar: sums of whole numbers are exact. */
  readonly microUsd: number;
  readonly source: PriceSource;
  /** When the source was read. */
  readonly date: string;
} & (
  | {
      readonly unit: 'STEP';
      /** Fewer steps are billed as this many. */
      readonly minimum: number;
    }
  | { readonly unit: 'RUN'; readonly steps: number }
  /** Rounded up for each image. */
  | { readonly unit: 'MEGAPIXEL' }
  | { readonly unit: 'IMAGE' }
);

const READ = '2026-11-24';
const PAGE = { source: 'MODEL_PAGE', date: READ } as const;
const THIRD_PARTY = { source: 'THIRD_PARTY', date: READ } as const;

function perStep(microUsd: number, minimum = 1) {
  return { unit: 'STEP', microUsd, minimum } as const;
}

function perMegapixel(microUsd: number) {
  return { unit: 'MEGAPIXEL', microUsd } as const;
}

/** The pages name no default; others name 1000 steps. */
const TWO_DOLLARS_A_RUN = { unit: 'RUN', microUsd: 2_000_000, steps: 1000 } as const;

/** By endpoint. Null: no reliable source names a price. */
export const PRICES: Readonly<Record<string, Price | null>> = {
  'fal-ai/flux-lora-portrait-trainer': { ...perStep(2400), ...THIRD_PARTY },
  'fal-ai/flux-lora-fast-training': { ...TWO_DOLLARS_A_RUN, ...PAGE },
  'fal-ai/flux-krea-trainer': { ...TWO_DOLLARS_A_RUN, ...PAGE },
  'fal-ai/turbo-flux-trainer': { ...perStep(2400), ...PAGE },
  'fal-ai/flux-pro-trainer': null,
  'fal-ai/flux-2-trainer': { ...perStep(6400), ...PAGE },
  'fal-ai/flux-2-trainer-v2': null,
  'fal-ai/z-image-trainer': { ...perStep(2260), ...PAGE },
  'fal-ai/z-image-turbo-trainer-v2': { ...perStep(850), ...PAGE },
  'fal-ai/qwen-image-trainer': { ...perStep(2000, 250), ...PAGE },
  'fal-ai/qwen-image-2512-trainer-v2': { ...perStep(950, 500), ...PAGE },
  'fal-ai/krea-2-trainer': { ...perStep(2800, 100), ...PAGE },
  'blackforestlabs/flux-3/klein/base/trainer': { ...perStep(4300, 100), ...PAGE },
  'ideogram/v4/trainer': { ...perStep(6750), ...PAGE },
  'fal-ai/flux-lora': { ...perMegapixel(35_000), ...PAGE },
  'fal-ai/flux-krea-lora': null,
  'fal-ai/flux-2/lora': { ...perMegapixel(21_000), ...PAGE },
  'fal-ai/z-image/turbo/lora': { ...perMegapixel(8500), ...PAGE },
  'fal-ai/krea-2/turbo/lora': { ...perMegapixel(10_000), ...PAGE },
  'fal-ai/qwen-image': null,
  'fal-ai/flux-pro/v1.1-ultra-finetuned': { unit: 'IMAGE', microUsd: 60_000, ...THIRD_PARTY },
};

/** Null: unknown. */
export function priceOf(endpoint: string): Price | null {
  return Object.hasOwn(PRICES, endpoint) ? (PRICES[endpoint] ?? null) : null;
}

/** What a run will probably cost; fal's invoice may differ. */
export type Estimate = {
  readonly microUsd: number;
  /** In the unit of the price. */
  readonly quantity: number;
  readonly price: Price;
};

/** Null: the price is unknown. */
export function estimateTraining(endpoint: string, steps: number): Estimate | null {
  const price = priceOf(endpoint);
  switch (price?.unit) {
    case 'STEP': {
      const quantity = Math.max(steps, price.minimum);
      return { microUsd: quantity * price.microUsd, quantity, price };
    }
    case 'RUN':
      return {
        microUsd: Math.ceil((steps * price.microUsd) / price.steps),
        quantity: steps / price.steps,
        price,
      };
    default:
      return null;
  }
}

/**
 * @param input as fal is sent it
 * @returns null: the price or the size is unknown
 */
export function estimateGeneration(endpoint: string, input: JsonObject, images: number): Estimate | null {
  const price = priceOf(endpoint);
  const { image_size: size = FAL_DEFAULT_SIZE } = input;
  switch (price?.unit) {
    case 'MEGAPIXEL': {
      const pixels = pixelsOf(size);
      if (pixels === null) return null;
      const quantity = images * Math.ceil(pixels / MEGAPIXEL);
      return { microUsd: quantity * price.microUsd, quantity, price };
    }
    case 'IMAGE':
      return { microUsd: images * price.microUsd, quantity: images, price };
    default:
      return null;
  }
}

/** fal's page of flux-2-flex counts an image of 1024 × 1024 as one megapixel, and one of 1920 × 1080 as two. */
const MEGAPIXEL = 1024 * 1024;

const FAL_DEFAULT_SIZE = 'landscape_4_3';

/** From fal's documentation of `image_size`. */
const SIDES: Readonly<Record<string, readonly [width: number, height: number]>> = {
  square_hd: [1024, 1024],
  square: [512, 512],
  portrait_4_3: [768, 1024],
  portrait_16_9: [576, 1024],
  landscape_4_3: [1024, 768],
  landscape_16_9: [1024, 576],
};

function pixelsOf(size: Json): number | null {
  if (typeof size === 'string') {
    const sides = Object.hasOwn(SIDES, size) ? SIDES[size] : undefined;
    return sides === undefined ? null : sides[0] * sides[1];
  }
  if (!isJsonObject(size)) return null;
  const { width, height } = size;
  return typeof width === 'number' && typeof height === 'number' ? width * height : null;
}

/** For people. */
export function priceText(price: Price | null): string {
  if (price === null) return 'unknown';
  const amount = `${price.source === 'MODEL_PAGE' ? '' : 'about '}${usdText(price.microUsd)}`;
  switch (price.unit) {
    case 'STEP':
      return `${amount} a step${price.minimum > 1 ? `, at least ${price.minimum} steps` : ''}`;
    case 'RUN':
      return `${amount} a run of ${price.steps} steps, in proportion to the steps`;
    case 'MEGAPIXEL':
      return `${amount} a megapixel, rounded up for each image`;
    case 'IMAGE':
      return `${amount} an image`;
  }
}

/** Exact, with cents at least unless it is whole dollars. */
export function usdText(microUsd: number): string {
  const fraction = String(microUsd % MICRO)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const dollars = `$${Math.floor(microUsd / MICRO)}`;
  return fraction === '' ? dollars : `${dollars}.${fraction.padEnd(2, '0')}`;
}

const MICRO = 1_000_000;

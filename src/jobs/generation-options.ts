import { randomInt } from 'node:crypto';
import * as z from 'zod';
import {
  MAX_IDEMPOTENCY_KEY_LENGTH,
  MAX_SEED,
  MAX_WAIT_SECONDS,
  numberBetween,
  text,
  wholeNumber,
} from './parse-input.ts';
import {
  IMAGE_SIZES,
  MAX_IMAGES,
  OUTPUT_FORMATS,
  type GenerationRequest,
  type Generator,
} from '../catalog/generators.ts';
import type { Range } from '../catalog/forms.ts';

/** Options of every call that generates images. Numbers without limits here have those of the generator. */
export const GENERATION_OPTIONS = {
  numImages: wholeNumber(1, MAX_IMAGES).optional(),
  seed: wholeNumber(0, MAX_SEED).optional(),
  size: z.enum(IMAGE_SIZES).optional(),
  outputFormat: z.enum(OUTPUT_FORMATS).optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  strength: z.number().optional(),
  guidanceScale: z.number().optional(),
  inferenceSteps: z.number().optional(),
} as const;

export const CALL_OPTIONS = {
  waitSeconds: wholeNumber(0, MAX_WAIT_SECONDS).default(0),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
  dryRun: z.boolean().default(false),
} as const;

/** The options that a generator takes. One that its endpoint lacks must be absent: fal would ignore it. */
export function optionsFor(generator: Generator) {
  const { endpoint, strength, side, guidanceScale, inferenceSteps, maxImages, hasOutputFormat } = generator;
  const within = (range: Range | null, check: typeof numberBetween, without: string) =>
    (range === null
      ? z.undefined({ error: `nothing, because ${endpoint} ${without}` })
      : check(range.min, range.max)
    ).optional();
  const pixels = within(side, wholeNumber, `takes named sizes only: ${IMAGE_SIZES.join(', ')}`);
  return z
    .object({
      ...GENERATION_OPTIONS,
      numImages: wholeNumber(1, maxImages).optional(),
      outputFormat: hasOutputFormat
        ? GENERATION_OPTIONS.outputFormat
        : z.undefined({ error: `nothing, because ${endpoint} has no output format` }).optional(),
      strength: numberBetween(strength.min, strength.max).optional(),
      width: pixels,
      height: pixels,
      guidanceScale: within(guidanceScale, numberBetween, 'has no guidance scale'),
      inferenceSteps: within(inferenceSteps, wholeNumber, 'has no inference steps'),
    })
    .superRefine(({ size, width, height }, context) => {
      const refused = (field: string, message: string) => {
        context.addIssue({ code: 'custom', path: [field], message });
      };
      if (width === undefined && height === undefined) return;
      if (size !== undefined) refused('size', 'no value together with width and height');
      if (width === undefined) refused('width', 'a whole number together with height');
      if (height === undefined) refused('height', 'a whole number together with width');
    })
    .transform(({ size: name, width, height, ...options }) => ({
      numImages: options.numImages ?? null,
      seed: options.seed ?? null,
      strength: options.strength ?? null,
      size: sizeOf(name, width, height),
      outputFormat: options.outputFormat ?? null,
      guidanceScale: options.guidanceScale ?? null,
      inferenceSteps: options.inferenceSteps ?? null,
    }));
}

function sizeOf(
  name: Extract<GenerationRequest['size'], string> | undefined,
  width: number | undefined,
  height: number | undefined,
): GenerationRequest['size'] | null {
  return width !== undefined && height !== undefined ? { width, height } : (name ?? null);
}

/** We choose the seed and not fal, so that the image can be generated again even if fal's response lacks it. */
export function newSeed(): number {
  return randomInt(MAX_SEED + 1);
}

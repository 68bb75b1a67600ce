import * as z from 'zod';
import { ARTIFACT_KINDS, loraUrlsOf, MAX_LORA_FILES, type Artifact } from './artifact.ts';
import { endpointId, fieldName, fixedInput, range } from './forms.ts';
import { isJsonObject, type Json, type JsonObject } from '../values/json.ts';

/** As in fal's names, the longer side comes first: PORTRAIT_4_3 is 3:4. */
export const IMAGE_SIZES = [
  'SQUARE',
  'PORTRAIT_4_3',
  'PORTRAIT_16_9',
  'LANDSCAPE_4_3',
  'LANDSCAPE_16_9',
] as const;
export type ImageSize = (typeof IMAGE_SIZES)[number];

export const OUTPUT_FORMATS = ['JPEG', 'PNG'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Null in an optional field: fal's default. */
export type GenerationRequest = {
  readonly artifact: Artifact;
  /** Contains the trigger phrase. */
  readonly prompt: string;
  readonly numImages: number;
  readonly seed: number;
  readonly strength: number | null;
  /** By name, or in pixels where the endpoint takes them. */
  readonly size: ImageSize | { readonly width: number; readonly height: number };
  readonly outputFormat: OutputFormat | null;
  readonly guidanceScale: number | null;
  readonly inferenceSteps: number | null;
};

/** Options of another generation; null: as it was. */
type GenerationChanges = {
  readonly [Option in Exclude<keyof GenerationRequest, 'artifact'>]: GenerationRequest[Option] | null;
};

/**
 * An endpoint that generates images from an artifact: a row of the catalog as it is written. Null: the endpoint has no
 * such field.
 */
export const generatorForm = z
  .strictObject({
    endpoint: endpointId,
    artifact: z.enum(ARTIFACT_KINDS).default('LORA'),
    /** One for each file of a LoRA: the fields of its entry in `loras` besides `path` and `scale`. */
    loras: z.array(fixedInput).min(1).max(MAX_LORA_FILES).default([{}]),
    /** Of the artifact's weight: a LoRA's `scale`, a finetune's `finetune_strength`. */
    strength: range.default({ min: 0, max: 4 }),
    size: z.enum(['image_size', 'aspect_ratio']).default('image_size'),
    /** Pixels of a side, for a size as width and height. */
    side: range.nullable().default(null),
    guidanceScale: range.nullable().default(null),
    inferenceSteps: range.nullable().default(null),
    /** Null: it generates one image. */
    numImages: fieldName.nullable().default('num_images'),
    outputFormat: fieldName.nullable().default('output_format'),
    input: fixedInput.default({}),
  })
  .refine(({ size, side }) => side === null || size === 'image_size', {
    error: 'expected no side together with size aspect_ratio, which has no pixels',
  });
export type GeneratorForm = z.output<typeof generatorForm>;

/** Null for a range: the endpoint has no such field. */
export type Generator = Pick<
  GeneratorForm,
  'endpoint' | 'artifact' | 'strength' | 'side' | 'guidanceScale' | 'inferenceSteps'
> & {
  /** Files of the LoRA that it takes. */
  readonly files: number;
  readonly maxImages: number;
  readonly hasOutputFormat: boolean;
  readonly input: (request: GenerationRequest) => JsonObject;
  /** The input of an earlier generation, with its artifact, after these changes. */
  readonly again: (input: JsonObject, changes: GenerationChanges) => JsonObject;
};

export const MAX_IMAGES = 4;
const DEFAULT_STRENGTH = 1;

export function createGenerator(form: GeneratorForm): Generator {
  const { endpoint, artifact, strength, side, guidanceScale, inferenceSteps } = form;
  return {
    endpoint,
    artifact,
    strength,
    side,
    guidanceScale,
    inferenceSteps,
    files: form.loras.length,
    maxImages: form.numImages === null ? 1 : MAX_IMAGES,
    hasOutputFormat: form.outputFormat !== null,
    input: ({ artifact: made, strength: weight, ...options }) => ({
      ...form.input,
      ...optionFields(form, options),
      ...artifactFields(form, made, weight ?? DEFAULT_STRENGTH),
    }),
    again: (input, { strength: weight, ...options }) => ({
      ...input,
      ...optionFields(form, options),
      ...(weight === null ? {} : reweighted(form, input, weight)),
    }),
  };
}

function artifactFields(form: GeneratorForm, made: Artifact, weight: number): JsonObject {
  if (made.kind !== form.artifact) throw new Error(`${form.endpoint} generates from a ${form.artifact}`);
  if (made.kind === 'FINETUNE') return { finetune_id: made.finetuneId, finetune_strength: weight };
  const urls = loraUrlsOf(made);
  if (urls.length < form.loras.length)
    throw new Error(`${form.endpoint} takes ${form.loras.length} LoRA files`);
  return {
    loras: form.loras.map((fields, index) => ({ ...fields, path: urls[index] ?? '', scale: weight })),
  };
}

function reweighted({ artifact }: GeneratorForm, { loras }: JsonObject, weight: number): JsonObject {
  if (artifact === 'FINETUNE') return { finetune_strength: weight };
  if (!Array.isArray(loras)) throw new Error('an earlier input has no list of LoRAs');
  return { loras: loras.map((lora: Json) => (isJsonObject(lora) ? { ...lora, scale: weight } : lora)) };
}

/** fal's `square` has a quarter of the pixels of the other sizes. */
const FAL_SIZES = {
  SQUARE: 'square_hd',
  PORTRAIT_4_3: 'portrait_4_3',
  PORTRAIT_16_9: 'portrait_16_9',
  LANDSCAPE_4_3: 'landscape_4_3',
  LANDSCAPE_16_9: 'landscape_16_9',
} as const satisfies Record<ImageSize, string>;

/** Width to height. */
const ASPECT_RATIOS = {
  SQUARE: '1:1',
  PORTRAIT_4_3: '3:4',
  PORTRAIT_16_9: '9:16',
  LANDSCAPE_4_3: '4:3',
  LANDSCAPE_16_9: '16:9',
} as const satisfies Record<ImageSize, string>;

type Options = Omit<GenerationChanges, 'strength'>;

/** Only the fields that the endpoint has. */
function optionFields(form: GeneratorForm, { size, ...options }: Options): JsonObject {
  const format = options.outputFormat?.toLowerCase() ?? null;
  return withoutNull({
    prompt: options.prompt,
    seed: options.seed,
    ...(form.numImages === null ? {} : { [form.numImages]: options.numImages }),
    ...(form.outputFormat === null ? {} : { [form.outputFormat]: format }),
    ...(form.guidanceScale === null ? {} : { guidance_scale: options.guidanceScale }),
    ...(form.inferenceSteps === null ? {} : { num_inference_steps: options.inferenceSteps }),
    [form.size]: size === null ? null : sizeAtFal(form, size),
  });
}

function sizeAtFal({ endpoint, size: field, side }: GeneratorForm, size: GenerationRequest['size']): Json {
  if (typeof size === 'string') return (field === 'image_size' ? FAL_SIZES : ASPECT_RATIOS)[size];
  if (side === null) throw new Error(`${endpoint} takes no size in pixels`);
  return size;
}

function withoutNull(fields: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

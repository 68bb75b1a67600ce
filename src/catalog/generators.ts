import type { Artifact } from './artefact.ts';
import { isJsonObject, type Json, type JsonObject } from '../values/json.ts';

/** Names have the wide side of a landscape first and the high side of a portrait first, as fal's names have. */
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

export type Range = { readonly min: number; readonly max: number };

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
export type GenerationChanges = {
  readonly [Option in Exclude<keyof GenerationRequest, 'artifact'>]: GenerationRequest[Option] | null;
};

/** An endpoint that makes images with an artefact. Null for a range: the endpoint has no such field. */
export type Generator = {
  readonly endpoint: string;
  /** The artefact's weight: a LoRA's `scale`, a finetune's `finetune_strength`. */
  readonly strength: Range & { readonly default: number };
  /** Pixels of a side, for a size as width and height. */
  readonly side: Range | null;
  readonly guidanceScale: Range | null;
  readonly inferenceSteps: Range | null;
  readonly input: (request: GenerationRequest) => JsonObject;
  /** The input of an earlier generation, with its artefact, after these changes. */
  readonly again: (input: JsonObject, changes: GenerationChanges) => JsonObject;
};

const LORA_SCALE = { min: 0, max: 4, default: 1 } as const;

/** fal's `square` has a quarter of the pixels of the other sizes. */
const FAL_SIZES = {
  SQUARE: 'square_hd',
  PORTRAIT_4_3: 'portrait_4_3',
  PORTRAIT_16_9: 'portrait_16_9',
  LANDSCAPE_4_3: 'landscape_4_3',
  LANDSCAPE_16_9: 'landscape_16_9',
} as const satisfies Record<ImageSize, string>;

type LoraLimits = {
  readonly side: Range;
  readonly guidanceScale: Range;
  readonly inferenceSteps: Range;
};

function loraGenerator(endpoint: string, limits: LoraLimits): Generator {
  return {
    endpoint,
    strength: LORA_SCALE,
    ...limits,
    input: ({ artifact, strength, ...options }) => {
      if (artifact.kind !== 'LORA') throw new Error(`${endpoint} generates from a LoRA`);
      return {
        ...loraFields(options),
        loras: [{ path: artifact.loraUrl, scale: strength ?? LORA_SCALE.default }],
      };
    },
    again: (input, { strength, ...changes }) => ({
      ...input,
      ...loraFields(changes),
      ...(strength === null ? {} : { loras: scaled(input['loras'], strength) }),
    }),
  };
}

type Options = Omit<GenerationChanges, 'strength'>;

function loraFields({ size, guidanceScale, inferenceSteps, ...options }: Options): JsonObject {
  return {
    ...commonFields(options),
    ...withoutNull({
      image_size: typeof size === 'string' ? FAL_SIZES[size] : size,
      guidance_scale: guidanceScale,
      num_inference_steps: inferenceSteps,
    }),
  };
}

function scaled(loras: Json | undefined, scale: number): Json {
  if (!Array.isArray(loras)) throw new Error('an earlier input has no list of LoRAs');
  return loras.map((lora: Json) => (isJsonObject(lora) ? { ...lora, scale } : lora));
}

const FINETUNE_STRENGTH = { min: 0, max: 2, default: 1 } as const;

/** Width to height. */
const ASPECT_RATIOS = {
  SQUARE: '1:1',
  PORTRAIT_4_3: '3:4',
  PORTRAIT_16_9: '9:16',
  LANDSCAPE_4_3: '4:3',
  LANDSCAPE_16_9: '16:9',
} as const satisfies Record<ImageSize, string>;

function finetuneGenerator(endpoint: string): Generator {
  return {
    endpoint,
    strength: FINETUNE_STRENGTH,
    side: null,
    guidanceScale: null,
    inferenceSteps: null,
    input: ({ artifact, strength, ...options }) => {
      if (artifact.kind !== 'FINETUNE') throw new Error(`${endpoint} generates from a finetune`);
      return {
        ...finetuneFields(endpoint, options),
        finetune_id: artifact.finetuneId,
        finetune_strength: strength ?? FINETUNE_STRENGTH.default,
      };
    },
    again: (input, { strength, ...changes }) => ({
      ...input,
      ...finetuneFields(endpoint, changes),
      ...withoutNull({ finetune_strength: strength }),
    }),
  };
}

function finetuneFields(endpoint: string, { size, ...options }: Options): JsonObject {
  if (size !== null && typeof size !== 'string') throw new Error(`${endpoint} takes no size in pixels`);
  return { ...commonFields(options), ...withoutNull({ aspect_ratio: size && ASPECT_RATIOS[size] }) };
}

function commonFields(options: Pick<Options, 'prompt' | 'numImages' | 'seed' | 'outputFormat'>): JsonObject {
  return withoutNull({
    prompt: options.prompt,
    num_images: options.numImages,
    seed: options.seed,
    output_format: options.outputFormat?.toLowerCase() ?? null,
  });
}

function withoutNull(fields: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

export const FLUX_LORA = loraGenerator('fal-ai/flux-lora', {
  // Our own limits: fal names none, and bills by the pixel.
  side: { min: 256, max: 2048 },
  guidanceScale: { min: 0, max: 35 },
  inferenceSteps: { min: 1, max: 50 },
});
export const FLUX_2_LORA = loraGenerator('fal-ai/flux-2/lora', {
  side: { min: 512, max: 2048 },
  guidanceScale: { min: 0, max: 20 },
  inferenceSteps: { min: 4, max: 50 },
});
export const FLUX_PRO_ULTRA_FINETUNED = finetuneGenerator('fal-ai/flux-pro/v1.1-ultra-finetuned');

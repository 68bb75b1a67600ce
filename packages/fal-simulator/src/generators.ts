import * as z from 'zod';
import { aspectRatio, imageSize } from './image-sizes.ts';

export type Generator = {
  kind: 'generator';
  endpoint: string;
  input: z.ZodType<Record<string, unknown>>;
  uses: 'loras' | 'finetune_id';
  sizedBy: 'image_size' | 'aspect_ratio';
  defaultFormat: 'jpeg' | 'png';
  formatField?: 'image_format';
  /** The answer has one `image` instead of `images`. */
  givesOne?: true;
  defaultSteps: number;
};

const flag = z.boolean().optional();

const shared = {
  prompt: z.string().min(1),
  num_images: z.int().min(1).max(4).optional(),
  seed: z.int().nullish(),
  sync_mode: flag,
};

function loraInput(limits: {
  maxLoras: number;
  maxScale: number;
  minSteps?: number;
  maxSteps: number;
  maxGuidance?: number;
  minSide?: number;
  formats: [string, ...string[]];
}) {
  const { maxLoras, maxScale, minSteps = 1, maxSteps, maxGuidance = 35, minSide, formats } = limits;
  const lora = z.looseObject({ path: z.string().min(1), scale: z.number().min(0).max(maxScale).optional() });
  return z.looseObject({
    ...shared,
    // Counted before they are looked at.
    loras: z.array(z.unknown()).max(maxLoras).pipe(z.array(lora)).optional(),
    image_size: imageSize(minSide).optional(),
    num_inference_steps: z.int().min(minSteps).max(maxSteps).optional(),
    guidance_scale: z.number().min(0).max(maxGuidance).optional(),
    output_format: z.enum(formats).optional(),
    enable_safety_checker: flag,
    acceleration: z.enum(['none', 'regular', 'high']).optional(),
  });
}

const WITH_LORAS = { kind: 'generator', uses: 'loras', sizedBy: 'image_size', defaultSteps: 28 } as const;
const FLUX_1 = { maxLoras: 20, maxScale: 4, maxSteps: 50 };

export const GENERATORS: readonly Generator[] = [
  {
    ...WITH_LORAS,
    endpoint: 'fal-ai/flux-lora',
    defaultFormat: 'jpeg',
    input: loraInput({ ...FLUX_1, formats: ['jpeg', 'png'] }),
  },
  {
    ...WITH_LORAS,
    endpoint: 'fal-ai/flux-krea-lora',
    defaultFormat: 'jpeg',
    input: loraInput({ ...FLUX_1, formats: ['jpeg', 'png'] }),
  },
  {
    ...WITH_LORAS,
    endpoint: 'fal-ai/flux-2/lora',
    defaultFormat: 'png',
    input: loraInput({
      maxLoras: 3,
      maxScale: 4,
      minSteps: 4,
      maxSteps: 50,
      maxGuidance: 20,
      minSide: 512,
      formats: ['png', 'jpeg', 'webp'],
    }),
  },
  {
    ...WITH_LORAS,
    endpoint: 'fal-ai/z-image/turbo/lora',
    defaultFormat: 'png',
    defaultSteps: 8,
    input: loraInput({ maxLoras: 3, maxScale: 4, maxSteps: 8, formats: ['png', 'jpeg', 'webp'] }),
  },
  {
    ...WITH_LORAS,
    endpoint: 'fal-ai/qwen-image',
    defaultFormat: 'png',
    defaultSteps: 30,
    input: loraInput({ maxLoras: 3, maxScale: 4, maxSteps: 250, formats: ['png', 'jpeg'] }),
  },
  {
    ...WITH_LORAS,
    endpoint: 'fal-ai/wan/v2.2-a14b/text-to-image/lora',
    defaultFormat: 'jpeg',
    formatField: 'image_format',
    givesOne: true,
    defaultSteps: 27,
    input: z.looseObject({
      prompt: shared.prompt,
      seed: shared.seed,
      loras: z
        .array(
          z.looseObject({
            path: z.string().min(1),
            scale: z.number().min(0).max(4).optional(),
            transformer: z.enum(['high', 'low', 'both']).optional(),
            weight_name: z.string().optional(),
          }),
        )
        .max(20)
        .optional(),
      image_size: imageSize().optional(),
      image_format: z.enum(['png', 'jpeg']).optional(),
      num_inference_steps: z.int().min(2).max(40).optional(),
      guidance_scale: z.number().min(1).max(10).optional(),
      guidance_scale_2: z.number().min(1).max(10).optional(),
      shift: z.number().min(1).max(10).optional(),
      negative_prompt: z.string().optional(),
      acceleration: z.enum(['none', 'regular']).optional(),
    }),
  },
  {
    kind: 'generator',
    endpoint: 'fal-ai/flux-pro/v1.1-ultra-finetuned',
    uses: 'finetune_id',
    sizedBy: 'aspect_ratio',
    defaultFormat: 'jpeg',
    defaultSteps: 28,
    input: z.looseObject({
      ...shared,
      finetune_id: z.string().min(1),
      finetune_strength: z.number().min(0).max(2),
      aspect_ratio: aspectRatio.optional(),
      enhance_prompt: flag,
      raw: flag,
      image_url: z.string().nullish(),
      image_prompt_strength: z.number().min(0).max(1).optional(),
      output_format: z.enum(['jpeg', 'png']).optional(),
      safety_tolerance: z.enum(['1', '2', '3', '4', '5', '6']).optional(),
    }),
  },
];

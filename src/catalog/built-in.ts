import type * as z from 'zod';
import type { generatorForm } from './generators.ts';
import type { trainerForm } from './trainers.ts';

/** Our own limits where fal names none: it bills by the pixel. */
const SIDE = { min: 256, max: 2048 };

const FLUX_1_LORA = {
  side: SIDE,
  guidanceScale: { min: 0, max: 35 },
  inferenceSteps: { min: 1, max: 50 },
};

export const BUILT_IN_GENERATORS: readonly z.input<typeof generatorForm>[] = [
  { endpoint: 'fal-ai/flux-lora', ...FLUX_1_LORA },
  { endpoint: 'fal-ai/flux-krea-lora', ...FLUX_1_LORA },
  {
    endpoint: 'fal-ai/flux-2/lora',
    side: { min: 512, max: 2048 },
    guidanceScale: { min: 0, max: 20 },
    inferenceSteps: { min: 4, max: 50 },
  },
  { endpoint: 'fal-ai/z-image/turbo/lora', side: SIDE, inferenceSteps: { min: 1, max: 8 } },
  {
    endpoint: 'fal-ai/qwen-image',
    side: SIDE,
    // Our own limits.
    guidanceScale: { min: 0, max: 20 },
    inferenceSteps: { min: 2, max: 50 },
  },
  {
    endpoint: 'fal-ai/flux-pro/v1.1-ultra-finetuned',
    artifact: 'FINETUNE',
    strength: { min: 0, max: 2 },
    size: 'aspect_ratio',
  },
];

const STEPS = { field: 'steps', min: 1, max: 10_000, default: 1000 };

export const BUILT_IN_TRAINERS: Readonly<Record<string, z.input<typeof trainerForm>>> = {
  FLUX_LORA_PORTRAIT: {
    endpoint: 'fal-ai/flux-lora-portrait-trainer',
    serves: ['PORTRAIT'],
    archive: 'images_data_url',
    trigger: 'trigger_phrase',
    steps: { ...STEPS, default: 2500 },
    result: { loras: ['diffusers_lora_file'] },
    generator: 'fal-ai/flux-lora',
  },
  FLUX_PRO: {
    endpoint: 'fal-ai/flux-pro-trainer',
    serves: ['STYLE'],
    photos: { minimum: 4, recommended: 12 },
    archive: 'data_url',
    trigger: 'trigger_word',
    note: 'finetune_comment',
    steps: { ...STEPS, field: 'iterations', default: 300 },
    input: { mode: 'style' },
    result: { finetune: 'finetune_id' },
    generator: 'fal-ai/flux-pro/v1.1-ultra-finetuned',
    deprecated: { note: 'fal has deprecated fal-ai/flux-pro-trainer', alternative: 'FLUX_LORA_FAST' },
  },
  FLUX_LORA_FAST: {
    endpoint: 'fal-ai/flux-lora-fast-training',
    serves: ['PORTRAIT', 'STYLE'],
    photos: { minimum: 4, recommended: 12 },
    archive: 'images_data_url',
    trigger: 'trigger_word',
    steps: STEPS,
    inputFor: { PORTRAIT: { is_style: false }, STYLE: { is_style: true } },
    result: { loras: ['diffusers_lora_file'] },
    generator: 'fal-ai/flux-lora',
  },
  FLUX_2: {
    endpoint: 'fal-ai/flux-2-trainer',
    serves: ['PORTRAIT', 'STYLE'],
    archive: 'image_data_url',
    trigger: 'default_caption',
    steps: { ...STEPS, min: 100 },
    result: { loras: ['diffusers_lora_file'] },
    generator: 'fal-ai/flux-2/lora',
  },
  FLUX_2_V2: {
    endpoint: 'fal-ai/flux-2-trainer-v2',
    serves: ['PORTRAIT', 'STYLE'],
    archive: 'image_data_url',
    trigger: 'default_caption',
    steps: { ...STEPS, min: 100 },
    result: { loras: ['diffusers_lora_file'] },
    generator: 'fal-ai/flux-2/lora',
  },
  TURBO_FLUX: {
    endpoint: 'fal-ai/turbo-flux-trainer',
    serves: ['PORTRAIT', 'STYLE'],
    archive: 'images_data_url',
    trigger: 'trigger_phrase',
    steps: STEPS,
    inputFor: {
      PORTRAIT: { training_style: 'subject' },
      // A style has no face to crop the photos to.
      STYLE: { training_style: 'style', face_crop: false },
    },
    result: { loras: ['diffusers_lora_file'] },
    generator: 'fal-ai/flux-lora',
  },
  FLUX_KREA: {
    endpoint: 'fal-ai/flux-krea-trainer',
    serves: ['PORTRAIT', 'STYLE'],
    photos: { minimum: 4, recommended: 12 },
    archive: 'images_data_url',
    trigger: 'trigger_word',
    steps: STEPS,
    inputFor: { PORTRAIT: { is_style: false }, STYLE: { is_style: true } },
    result: { loras: ['diffusers_lora_file'] },
    generator: 'fal-ai/flux-krea-lora',
  },
  Z_IMAGE_TURBO_V2: {
    endpoint: 'fal-ai/z-image-turbo-trainer-v2',
    serves: ['PORTRAIT', 'STYLE'],
    archive: 'image_data_url',
    trigger: 'default_caption',
    steps: { ...STEPS, min: 100, default: 2000 },
    result: { loras: ['diffusers_lora_file'] },
    generator: 'fal-ai/z-image/turbo/lora',
  },
  QWEN_IMAGE: {
    endpoint: 'fal-ai/qwen-image-trainer',
    serves: ['PORTRAIT', 'STYLE'],
    archive: 'image_data_url',
    trigger: 'trigger_phrase',
    steps: { ...STEPS, max: 8000 },
    result: { loras: ['lora_file'] },
    generator: 'fal-ai/qwen-image',
  },
};

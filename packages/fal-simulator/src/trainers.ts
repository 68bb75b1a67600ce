import * as z from 'zod';

export type Trainer = {
  kind: 'trainer';
  endpoint: string;
  input: z.ZodType<Record<string, unknown>>;
  archiveField: string;
  minImages: number;
  defaultSteps: number;
  stepsField: 'steps' | 'iterations';
  gives: 'diffusers_lora_file' | 'lora_file' | 'finetune_id';
  /** A second LoRA file of the result. */
  alsoGives?: 'high_noise_lora';
  /** Every image needs a caption file or a default caption. */
  needsCaption: boolean;
  isStyle: (input: Record<string, unknown>) => boolean;
  /** Further fields of the result. */
  extra: Record<string, unknown>;
};

const url = z.string().min(1);
const text = z.string();
const flag = z.boolean().optional();
const steps = z.int().min(1).max(10_000).optional();
const rate = z.number().gt(0).max(1).optional();

const LORA = {
  kind: 'trainer',
  archiveField: 'images_data_url',
  minImages: 4,
  defaultSteps: 1_000,
  stepsField: 'steps',
  gives: 'diffusers_lora_file',
  needsCaption: false,
  isStyle: (input) => input['is_style'] === true,
  extra: {},
} as const satisfies Partial<Trainer>;

const fastInput = z.looseObject({
  images_data_url: url,
  trigger_word: text.nullish(),
  create_masks: flag,
  steps,
  is_style: flag,
  is_input_format_already_preprocessed: flag,
  data_archive_format: text.nullish(),
});
const captionedInput = { image_data_url: url, default_caption: text.nullish(), learning_rate: rate };

export const TRAINERS: readonly Trainer[] = [
  {
    ...LORA,
    endpoint: 'fal-ai/flux-lora-portrait-trainer',
    defaultSteps: 2_500,
    input: z.looseObject({
      images_data_url: url,
      trigger_phrase: text.nullish(),
      learning_rate: z.number().min(1e-6).max(1e-3).optional(),
      steps,
      multiresolution_training: flag,
      subject_crop: flag,
      create_masks: flag,
      data_archive_format: text.nullish(),
      resume_from_checkpoint: text.optional(),
    }),
  },
  {
    ...LORA,
    endpoint: 'fal-ai/flux-pro-trainer',
    archiveField: 'data_url',
    defaultSteps: 300,
    stepsField: 'iterations',
    gives: 'finetune_id',
    isStyle: (input) => input['mode'] === 'style',
    input: z.looseObject({
      data_url: url,
      finetune_comment: text,
      mode: z.enum(['character', 'product', 'style', 'general']).optional(),
      iterations: z.int().min(1).max(10_000).optional(),
      learning_rate: rate.nullable(),
      priority: z.enum(['speed', 'quality', 'high_res_only']).optional(),
      captioning: flag,
      trigger_word: text.optional(),
      lora_rank: z.union([z.literal(16), z.literal(32)]).optional(),
      finetune_type: z.enum(['full', 'lora']).optional(),
    }),
  },
  {
    ...LORA,
    endpoint: 'fal-ai/flux-lora-fast-training',
    extra: { debug_preprocessed_output: null },
    input: fastInput,
  },
  {
    ...LORA,
    endpoint: 'fal-ai/flux-krea-trainer',
    extra: { debug_preprocessed_output: null },
    input: fastInput,
  },
  {
    ...LORA,
    endpoint: 'fal-ai/turbo-flux-trainer',
    isStyle: (input) => input['training_style'] === 'style',
    input: z.looseObject({
      images_data_url: url,
      trigger_phrase: text.optional(),
      steps,
      learning_rate: rate,
      training_style: z.enum(['subject', 'style']).optional(),
      face_crop: flag,
    }),
  },
  {
    ...LORA,
    endpoint: 'fal-ai/flux-2-trainer',
    archiveField: 'image_data_url',
    needsCaption: true,
    input: z.looseObject({
      ...captionedInput,
      steps: z.int().min(100).max(10_000).optional(),
      output_lora_format: z.enum(['fal', 'comfy']).optional(),
    }),
  },
  {
    ...LORA,
    endpoint: 'fal-ai/flux-2-trainer-v2',
    archiveField: 'image_data_url',
    needsCaption: true,
    input: z.looseObject({
      ...captionedInput,
      steps,
      output_lora_format: z.enum(['fal', 'comfy']).optional(),
    }),
  },
  {
    ...LORA,
    endpoint: 'fal-ai/z-image-turbo-trainer-v2',
    archiveField: 'image_data_url',
    defaultSteps: 2_000,
    needsCaption: true,
    input: z.looseObject({ ...captionedInput, steps }),
  },
  {
    ...LORA,
    endpoint: 'fal-ai/wan-22-image-trainer',
    archiveField: 'training_data_url',
    alsoGives: 'high_noise_lora',
    input: z.looseObject({
      training_data_url: url,
      trigger_phrase: text,
      steps,
      learning_rate: rate,
      is_style: flag,
      use_masks: flag,
      use_face_detection: flag,
      use_face_cropping: flag,
      include_synthetic_captions: flag,
    }),
  },
  {
    ...LORA,
    endpoint: 'fal-ai/z-image-trainer',
    archiveField: 'image_data_url',
    needsCaption: true,
    isStyle: (input) => input['training_type'] === 'style',
    input: z.looseObject({
      ...captionedInput,
      steps: z.int().min(100).max(10_000).optional(),
      training_type: z.enum(['content', 'style', 'balanced']).optional(),
    }),
  },
  {
    ...LORA,
    endpoint: 'fal-ai/qwen-image-trainer',
    archiveField: 'image_data_url',
    gives: 'lora_file',
    input: z.looseObject({
      image_data_url: url,
      trigger_phrase: text.optional(),
      steps,
      learning_rate: rate,
    }),
  },
];

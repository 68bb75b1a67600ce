import { readFinetune, readLora, type ArtifactKind, type ArtifactReading } from './artefact.ts';
import {
  FLUX_2_LORA,
  FLUX_LORA,
  FLUX_PRO_ULTRA_FINETUNED,
  type Generator,
  type ImageSize,
} from './generators.ts';
import type { Json, JsonObject } from '../values/json.ts';

export const TRAINING_TYPES = ['PORTRAIT', 'STYLE'] as const;
export type TrainingType = (typeof TRAINING_TYPES)[number];

/** The sizes of generations that name none. fal's own default is a landscape. */
export const DEFAULT_SIZES = {
  PORTRAIT: 'PORTRAIT_4_3',
  STYLE: 'SQUARE',
} as const satisfies Record<TrainingType, ImageSize>;

export type TrainingRequest = {
  readonly avatarId: string;
  readonly trainingType: TrainingType;
  readonly triggerPhrase: string;
  /** A zip of photos, which fal downloads. */
  readonly imagesUrl: string;
  /** Null: fal's default. */
  readonly steps: number | null;
};

/** One trainer. Trainers differ in each of these, so no code outside this table may assume any. */
export type TrainerRow = {
  readonly endpoint: string;
  readonly serves: readonly TrainingType[];
  readonly steps: { readonly min: number; readonly max: number; readonly default: number };
  readonly input: (request: TrainingRequest) => JsonObject;
  readonly artifact: ArtifactKind;
  readonly read: (output: Json) => ArtifactReading;
  readonly generator: Generator;
  /** Set when fal no longer supports the endpoint. */
  readonly deprecated: { readonly note: string; readonly alternative: string } | null;
};

export const TRAINERS = {
  FLUX_LORA_PORTRAIT: {
    endpoint: 'fal-ai/flux-lora-portrait-trainer',
    serves: ['PORTRAIT'],
    steps: { min: 1, max: 10_000, default: 2500 },
    input: (request) => ({
      images_data_url: request.imagesUrl,
      trigger_phrase: request.triggerPhrase,
      ...optionalSteps('steps', request),
    }),
    artifact: 'LORA',
    read: (output) => readLora(output, 'diffusers_lora_file'),
    generator: FLUX_LORA,
    deprecated: null,
  },
  FLUX_PRO: {
    endpoint: 'fal-ai/flux-pro-trainer',
    serves: ['STYLE'],
    steps: { min: 1, max: 10_000, default: 300 },
    input: (request) => ({
      data_url: request.imagesUrl,
      mode: 'style',
      // Required. The id, because a name is personal data.
      finetune_comment: request.avatarId,
      trigger_word: request.triggerPhrase,
      ...optionalSteps('iterations', request),
    }),
    artifact: 'FINETUNE',
    read: readFinetune,
    generator: FLUX_PRO_ULTRA_FINETUNED,
    deprecated: { note: 'fal has deprecated fal-ai/flux-pro-trainer', alternative: 'FLUX_LORA_FAST' },
  },
  FLUX_LORA_FAST: {
    endpoint: 'fal-ai/flux-lora-fast-training',
    serves: ['PORTRAIT', 'STYLE'],
    steps: { min: 1, max: 10_000, default: 1000 },
    input: (request) => ({
      images_data_url: request.imagesUrl,
      trigger_word: request.triggerPhrase,
      is_style: request.trainingType === 'STYLE',
      ...optionalSteps('steps', request),
    }),
    artifact: 'LORA',
    read: (output) => readLora(output, 'diffusers_lora_file'),
    generator: FLUX_LORA,
    deprecated: null,
  },
  FLUX_2: {
    endpoint: 'fal-ai/flux-2-trainer',
    serves: ['PORTRAIT', 'STYLE'],
    steps: { min: 100, max: 10_000, default: 1000 },
    input: (request) => ({
      image_data_url: request.imagesUrl,
      // There is no trigger field: the phrase becomes the caption of every photo without one.
      default_caption: request.triggerPhrase,
      ...optionalSteps('steps', request),
    }),
    artifact: 'LORA',
    read: (output) => readLora(output, 'diffusers_lora_file'),
    generator: FLUX_2_LORA,
    deprecated: null,
  },
} as const satisfies Record<string, TrainerRow>;

export type Trainer = keyof typeof TRAINERS;

export const TRAINER_NAMES = Object.keys(TRAINERS) as [Trainer, ...Trainer[]];

/** The trainers of calls that name none. */
export type DefaultTrainers = Readonly<Record<TrainingType, Trainer>>;

export const DEFAULT_TRAINERS: DefaultTrainers = { PORTRAIT: 'FLUX_LORA_PORTRAIT', STYLE: 'FLUX_PRO' };

export function isTrainer(name: string): name is Trainer {
  return Object.hasOwn(TRAINERS, name);
}

export function trainersFor(type: TrainingType): Trainer[] {
  return TRAINER_NAMES.filter((name) => trainerRow(name).serves.includes(type));
}

/** The row with the common type of all rows, not its literal type. */
export function trainerRow(name: Trainer): TrainerRow {
  return TRAINERS[name];
}

/** A sentence for people; null if fal supports the trainer. */
export function deprecationNotice(name: Trainer): string | null {
  const { deprecated } = trainerRow(name);
  return deprecated && `${deprecated.note}; use the trainer ${deprecated.alternative} instead`;
}

function optionalSteps(field: string, request: TrainingRequest): JsonObject {
  return request.steps === null ? {} : { [field]: request.steps };
}

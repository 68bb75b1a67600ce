import { readFinetune, readLora, type ArtifactKind, type ArtifactReading } from './artefact.ts';
import { FLUX_2_LORA, FLUX_LORA, FLUX_PRO_ULTRA_FINETUNED, type Generator } from './generators.ts';
import type { Json, JsonObject } from '../values/json.ts';

export const TRAINING_TYPES = ['PORTRAIT', 'STYLE'] as const;
export type TrainingType = (typeof TRAINING_TYPES)[number];

export type TrainingOrder = {
  readonly avatarId: string;
  readonly trainingType: TrainingType;
  readonly triggerPhrase: string;
  /** Where fal fetches the zip of photos. */
  readonly imagesUrl: string;
  /** Null leaves fal's own default. */
  readonly steps: number | null;
};

/**
 * One trainer: how our order becomes its input, and how its answer becomes our artefact. Trainers differ in every one
 * of these, so nothing outside this table may assume any of them.
 * Adding one is a row here, a fixture of its answer and a line in the fixtures' test.
 */
export type TrainerRow = {
  readonly endpoint: string;
  readonly serves: readonly TrainingType[];
  readonly steps: { readonly min: number; readonly max: number; readonly default: number };
  readonly input: (order: TrainingOrder) => JsonObject;
  readonly artifact: ArtifactKind;
  readonly read: (output: Json) => ArtifactReading;
  readonly generator: Generator;
  /** For people; fal changes its prices, so no sum is computed from it. */
  readonly price: string;
  /** Set when fal no longer supports the endpoint. */
  readonly deprecated: { readonly note: string; readonly alternative: string } | null;
};

export const TRAINERS = {
  FLUX_LORA_PORTRAIT: {
    endpoint: 'fal-ai/flux-lora-portrait-trainer',
    serves: ['PORTRAIT'],
    steps: { min: 1, max: 10_000, default: 2500 },
    input: (order) => ({
      images_data_url: order.imagesUrl,
      trigger_phrase: order.triggerPhrase,
      ...optionalSteps('steps', order),
    }),
    artifact: 'LORA',
    read: (output) => readLora(output, 'diffusers_lora_file'),
    generator: FLUX_LORA,
    price: 'about $0.0024 a step ($6 for the default 2500)',
    deprecated: null,
  },
  FLUX_PRO: {
    endpoint: 'fal-ai/flux-pro-trainer',
    serves: ['STYLE'],
    steps: { min: 1, max: 10_000, default: 300 },
    input: (order) => ({
      data_url: order.imagesUrl,
      mode: 'style',
      // Required by the endpoint. Our id, not the avatar's name: a name is personal data.
      finetune_comment: order.avatarId,
      trigger_word: order.triggerPhrase,
      ...optionalSteps('iterations', order),
    }),
    artifact: 'FINETUNE',
    read: readFinetune,
    generator: FLUX_PRO_ULTRA_FINETUNED,
    price: 'no longer listed by fal',
    deprecated: { note: 'fal has deprecated fal-ai/flux-pro-trainer', alternative: 'FLUX_LORA_FAST' },
  },
  FLUX_LORA_FAST: {
    endpoint: 'fal-ai/flux-lora-fast-training',
    serves: ['PORTRAIT', 'STYLE'],
    steps: { min: 1, max: 10_000, default: 1000 },
    input: (order) => ({
      images_data_url: order.imagesUrl,
      trigger_word: order.triggerPhrase,
      is_style: order.trainingType === 'STYLE',
      ...optionalSteps('steps', order),
    }),
    artifact: 'LORA',
    read: (output) => readLora(output, 'diffusers_lora_file'),
    generator: FLUX_LORA,
    price: '$2 a run at the default steps, growing linearly with them',
    deprecated: null,
  },
  FLUX_2: {
    endpoint: 'fal-ai/flux-2-trainer',
    serves: ['PORTRAIT', 'STYLE'],
    steps: { min: 100, max: 10_000, default: 1000 },
    input: (order) => ({
      image_data_url: order.imagesUrl,
      // This trainer has no trigger field: the phrase becomes the caption of every photo that has none.
      default_caption: order.triggerPhrase,
      ...optionalSteps('steps', order),
    }),
    artifact: 'LORA',
    read: (output) => readLora(output, 'diffusers_lora_file'),
    generator: FLUX_2_LORA,
    price: 'about $0.0064 a step ($6.40 for the default 1000)',
    deprecated: null,
  },
} as const satisfies Record<string, TrainerRow>;

export type Trainer = keyof typeof TRAINERS;

export const TRAINER_NAMES = Object.keys(TRAINERS) as [Trainer, ...Trainer[]];

/** The deployment's choice of trainer where a call names none. */
export type DefaultTrainers = Readonly<Record<TrainingType, Trainer>>;

export const DEFAULT_TRAINERS: DefaultTrainers = { PORTRAIT: 'FLUX_LORA_PORTRAIT', STYLE: 'FLUX_PRO' };

export function isTrainer(name: string): name is Trainer {
  return Object.hasOwn(TRAINERS, name);
}

export function trainersFor(type: TrainingType): Trainer[] {
  return TRAINER_NAMES.filter((name) => trainerRow(name).serves.includes(type));
}

/** The row as the table's type rather than its literal one, so that all rows read alike. */
export function trainerRow(name: Trainer): TrainerRow {
  return TRAINERS[name];
}

/** What to tell people about a trainer that fal gave up, or null. */
export function deprecationNotice(name: Trainer): string | null {
  const { deprecated } = trainerRow(name);
  return deprecated && `${deprecated.note}; use the trainer ${deprecated.alternative} instead`;
}

function optionalSteps(field: string, order: TrainingOrder): JsonObject {
  return order.steps === null ? {} : { [field]: order.steps };
}

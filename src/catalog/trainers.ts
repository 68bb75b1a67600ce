import * as z from 'zod';
import { endpointId, fieldName, fixedInput, range } from './forms.ts';
import {
  MAX_LORA_FILES,
  readFinetune,
  readLora,
  type ArtifactKind,
  type ArtifactReading,
} from './artifact.ts';
import type { Generator, ImageSize } from './generators.ts';
import type { Json, JsonObject } from '../values/json.ts';

export const TRAINING_TYPES = ['PORTRAIT', 'STYLE'] as const;
export type TrainingType = (typeof TRAINING_TYPES)[number];

/** The sizes of generations that name none. fal's own default is a landscape. */
export const DEFAULT_SIZES = {
  PORTRAIT: 'PORTRAIT_4_3',
  STYLE: 'SQUARE',
} as const satisfies Record<TrainingType, ImageSize>;

/** The name of a row. */
export type TrainerName = string;

/** The trainers of calls that name none: the second is used if fal has retired the first. */
export type DefaultTrainers = Readonly<Record<TrainingType, readonly [TrainerName, TrainerName?]>>;

export const DEFAULT_TRAINERS: DefaultTrainers = {
  PORTRAIT: ['FLUX_LORA_PORTRAIT'],
  STYLE: ['FLUX_PRO', 'FLUX_LORA_FAST'],
};

export type TrainingRequest = {
  readonly avatarId: string;
  readonly trainingType: TrainingType;
  readonly triggerPhrase: string;
  /** A zip of photos, which fal downloads. */
  readonly imagesUrl: string;
  /** Null: fal's default. */
  readonly steps: number | null;
};

const photoCount = z.int().min(1).max(60);
const wholeSteps = z.int().min(1).max(1_000_000);

/** A trainer: a row of the catalog as it is written. */
export const trainerForm = z
  .strictObject({
    endpoint: endpointId,
    serves: z.array(z.enum(TRAINING_TYPES)).min(1).max(TRAINING_TYPES.length),
    /** The field with the address of the archive of photos. */
    archive: fieldName,
    /** The field with the trigger phrase: a trigger word, or the caption of photos without one. */
    trigger: fieldName,
    /** A required field with a note for people. It gets the avatar's id, because a name is personal data. */
    note: fieldName.optional(),
    /** In an archive. fal starts no training with fewer than the minimum, or one with a poor result. */
    photos: z
      .strictObject({ minimum: photoCount, recommended: photoCount })
      .default({ minimum: 10, recommended: 20 }),
    steps: z.strictObject({ field: fieldName, min: wholeSteps, max: wholeSteps, default: wholeSteps }),
    input: fixedInput.default({}),
    /** Input fields with another value in each training type. */
    inputFor: z
      .strictObject({ PORTRAIT: fixedInput.default({}), STYLE: fixedInput.default({}) })
      .prefault({}),
    /** The fields of the response with the artifact. */
    result: z.union([
      z.strictObject({
        loras: z.array(fieldName).min(1).max(MAX_LORA_FILES),
        config: fieldName.default('config_file'),
      }),
      z.strictObject({ finetune: fieldName }),
    ]),
    /** The endpoint that generates images from the artifact; a generator of the catalog. */
    generator: endpointId,
    /** Set when fal no longer supports the endpoint. */
    deprecated: z.strictObject({ note: z.string().min(1).max(200), alternative: z.string() }).optional(),
  })
  .superRefine(({ steps, archive, trigger, note, input, inputFor }, context) => {
    if (
      !range.safeParse({ min: steps.min, max: steps.max }).success ||
      steps.default < steps.min ||
      steps.default > steps.max
    ) {
      context.addIssue({ code: 'custom', path: ['steps'], message: 'expected min ≤ default ≤ max' });
    }
    const filled = [archive, trigger, steps.field, ...(note === undefined ? [] : [note])];
    for (const type of TRAINING_TYPES) {
      const fields = [...filled, ...Object.keys(input), ...Object.keys(inputFor[type])];
      const twice = fields.find((field, index) => fields.indexOf(field) !== index);
      if (twice === undefined) continue;
      context.addIssue({ code: 'custom', message: `expected each input field once, got ${twice} twice` });
      return;
    }
  });
export type TrainerForm = z.output<typeof trainerForm>;

/** One trainer. Trainers differ in each of these, so no code outside the catalog may assume any. */
export type Trainer = Pick<TrainerForm, 'endpoint' | 'serves' | 'photos'> & {
  readonly name: TrainerName;
  readonly steps: { readonly min: number; readonly max: number; readonly default: number };
  readonly input: (request: TrainingRequest) => JsonObject;
  readonly artifact: ArtifactKind;
  readonly read: (output: Json) => ArtifactReading;
  readonly generator: Generator;
  readonly deprecated: { readonly note: string; readonly alternative: TrainerName } | null;
};

export function createTrainer(name: TrainerName, form: TrainerForm, generator: Generator): Trainer {
  const { endpoint, serves, photos, steps, result } = form;
  return {
    name,
    endpoint,
    serves,
    photos,
    steps,
    generator,
    input: ({ trainingType, imagesUrl, triggerPhrase, avatarId, steps: chosen }) => ({
      ...form.input,
      ...form.inputFor[trainingType],
      [form.archive]: imagesUrl,
      [form.trigger]: triggerPhrase,
      ...(form.note === undefined ? {} : { [form.note]: avatarId }),
      ...(chosen === null ? {} : { [steps.field]: chosen }),
    }),
    artifact: kindOf(form),
    read: (output) =>
      'finetune' in result
        ? readFinetune(output, result.finetune)
        : readLora(output, result.loras, result.config),
    deprecated: form.deprecated ?? null,
  };
}

function kindOf({ result }: TrainerForm): ArtifactKind {
  return 'finetune' in result ? 'FINETUNE' : 'LORA';
}

/** Why the generator cannot use what the trainer makes; null if it can. */
export function mismatch(form: TrainerForm, generator: Generator): string | null {
  const kind = kindOf(form);
  if (generator.artifact !== kind) return `expected a generator that takes a ${kind}`;
  const made = 'loras' in form.result ? form.result.loras.length : generator.files;
  return made === generator.files ? null : `expected a generator with ${made} entries in loras`;
}

import { randomInt } from 'node:crypto';
import * as z from 'zod';
import { ensureTrigger } from '../catalog/trigger.ts';
import { idempotencyOf, newId } from './ids.ts';
import {
  MAX_IDEMPOTENCY_KEY_LENGTH,
  MAX_IMAGES,
  MAX_PROMPT_LENGTH,
  MAX_SEED,
  MAX_WAIT_SECONDS,
  numberBetween,
  parseInput,
  text,
  wholeNumber,
  type Optional,
} from './parse-input.ts';
import {
  DELETED_SINCE,
  NO_SUCH_AVATAR,
  refuse,
  type ProviderCode,
  type Result,
} from '../domain/user-error.ts';
import { submitJob, type CreatedJob, type CreationCode, type NewJob, type SubmitDeps } from './submit.ts';
import { DEFAULT_SIZES, trainerRow, type Trainer, type TrainingType } from '../catalog/trainers.ts';
import { IMAGE_SIZES, OUTPUT_FORMATS, type Generator, type Range } from '../catalog/generators.ts';
import type { Artifact } from '../catalog/artefact.ts';
import type { AvatarStatus } from '../domain/decide-training.ts';

const inputSchema = z.object({
  avatarId: z.string(),
  prompt: text(MAX_PROMPT_LENGTH),
  numImages: wholeNumber(1, MAX_IMAGES).default(1),
  seed: wholeNumber(0, MAX_SEED).optional(),
  size: z.enum(IMAGE_SIZES).optional(),
  outputFormat: z.enum(OUTPUT_FORMATS).optional(),
  // Their limits are the generator's.
  width: z.number().optional(),
  height: z.number().optional(),
  strength: z.number().optional(),
  guidanceScale: z.number().optional(),
  inferenceSteps: z.number().optional(),
  waitSeconds: wholeNumber(0, MAX_WAIT_SECONDS).default(0),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
});

export type GenerateImageInput = Optional<z.input<typeof inputSchema>>;

export type NewGeneration = {
  readonly id: string;
  readonly prompt: string;
  readonly numImages: number;
  readonly seed: number;
  readonly strength: number | null;
};

interface GenerationStore {
  findAvatar(
    ownerId: string,
    avatarId: string,
  ): Promise<{
    readonly status: AvatarStatus;
    readonly trainingType: TrainingType;
    readonly triggerPhrase: string;
    readonly artifact: { readonly trainer: Trainer; readonly value: Artifact } | null;
  } | null>;
  createGeneration(job: NewJob, generation: NewGeneration): Promise<Result<CreatedJob, CreationCode>>;
}

export type GenerateImageDeps = SubmitDeps & {
  readonly store: GenerationStore;
  /** Resolves when the generation has ended, or after `timeoutMs`. */
  readonly waitForGeneration: (ownerId: string, generationId: string, timeoutMs: number) => Promise<void>;
};

/**
 * Generates images with the avatar's artefact. Resolves when fal has taken the run; with `waitSeconds`, when the run has
 * ended or that time has passed. After a refusal there is no generation.
 */
export async function generateImage(
  deps: GenerateImageDeps,
  ownerId: string,
  input: GenerateImageInput,
): Promise<
  Result<{ readonly generationId: string }, CreationCode | ProviderCode | 'INVALID_INPUT' | 'NOT_READY'>
> {
  const { store } = deps;
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { avatarId, prompt, numImages, waitSeconds, idempotencyKey, ...options } = parsed.done;
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return NO_SUCH_AVATAR;
  if (avatar.artifact === null) {
    return refuse(
      'NOT_READY',
      `This avatar has no artefact: its status is ${avatar.status}. Complete a training first.`,
    );
  }
  const { trainer, value: artifact } = avatar.artifact;
  const { generator } = trainerRow(trainer);
  const parsedOptions = parseInput(optionsFor(generator), options);
  if ('refused' in parsedOptions) return parsedOptions;
  const { seed = newSeed(), strength = null, size, width, height } = parsedOptions.done;
  const { outputFormat = null, guidanceScale = null, inferenceSteps = null } = parsedOptions.done;

  const generation = { id: newId('gen'), prompt, numImages, seed, strength };
  const fields = {
    ownerId,
    avatarId,
    trainer,
    endpoint: generator.endpoint,
    input: generator.input({
      ...generation,
      artifact,
      prompt: ensureTrigger(prompt, avatar.triggerPhrase),
      size:
        width !== undefined && height !== undefined
          ? { width, height }
          : (size ?? DEFAULT_SIZES[avatar.trainingType]),
      outputFormat,
      guidanceScale,
      inferenceSteps,
    }),
    // As given: a repeat chooses another seed.
    idempotency: idempotencyOf(idempotencyKey, { of: 'generation', avatarId, prompt, numImages, ...options }),
  };
  const submitted = await submitJob(deps, fields, (job) => store.createGeneration(job, generation));
  if ('refused' in submitted) return submitted;
  const { generationId } = submitted.done;
  if (generationId === null) return DELETED_SINCE;
  if (waitSeconds > 0) await deps.waitForGeneration(ownerId, generationId, waitSeconds * 1000);
  return { done: { generationId } };
}

/** What a generator takes. A field that its endpoint lacks must be absent: fal would ignore it. */
function optionsFor({ endpoint, strength, side, guidanceScale, inferenceSteps }: Generator) {
  const within = (range: Range | null, check: typeof numberBetween, without: string) =>
    (range === null
      ? z.undefined({ error: `nothing, because ${endpoint} ${without}` })
      : check(range.min, range.max)
    ).optional();
  const pixels = within(side, wholeNumber, `takes sizes by name only: ${IMAGE_SIZES.join(', ')}`);
  return z
    .object({
      ...inputSchema.pick({ seed: true, size: true, outputFormat: true }).shape,
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
      if (size !== undefined) refused('size', 'nothing beside width and height');
      if (width === undefined) refused('width', 'a whole number beside height');
      if (height === undefined) refused('height', 'a whole number beside width');
    });
}

/** We choose it and not fal, so that the picture can be generated again even if fal's answer lacks it. */
function newSeed(): number {
  return randomInt(MAX_SEED + 1);
}

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
import { trainerRow, type Trainer } from '../catalog/trainers.ts';
import type { Artifact } from '../catalog/artefact.ts';
import type { AvatarStatus } from '../domain/decide-training.ts';

const inputSchema = z.object({
  avatarId: z.string(),
  prompt: text(MAX_PROMPT_LENGTH),
  numImages: wholeNumber(1, MAX_IMAGES).default(1),
  seed: wholeNumber(0, MAX_SEED).optional(),
  strength: z.number().optional(),
  waitSeconds: wholeNumber(0, MAX_WAIT_SECONDS).default(0),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
});

export type GenerateImageInput = Optional<z.input<typeof inputSchema>>;

export type NewGeneration = {
  readonly id: string;
  readonly prompt: string;
  readonly numImages: number;
  readonly seed: number | null;
  readonly strength: number | null;
};

interface GenerationStore {
  findAvatar(
    ownerId: string,
    avatarId: string,
  ): Promise<{
    readonly status: AvatarStatus;
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
  const { avatarId, prompt, numImages, seed, strength, waitSeconds, idempotencyKey } = parsed.done;
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
  const { min, max } = generator.strength;
  const parsedStrength = parseInput(z.object({ strength: numberBetween(min, max).optional() }), { strength });
  if ('refused' in parsedStrength) return parsedStrength;

  const generation = { id: newId('gen'), prompt, numImages, seed: seed ?? null, strength: strength ?? null };
  const fields = {
    ownerId,
    avatarId,
    trainer,
    endpoint: generator.endpoint,
    input: generator.input({
      ...generation,
      artifact,
      prompt: ensureTrigger(prompt, avatar.triggerPhrase),
    }),
    idempotency: idempotencyOf(idempotencyKey, {
      of: 'generation',
      avatarId,
      prompt,
      numImages,
      seed,
      strength,
    }),
  };
  const submitted = await submitJob(deps, fields, (job) => store.createGeneration(job, generation));
  if ('refused' in submitted) return submitted;
  const { generationId } = submitted.done;
  if (generationId === null) return DELETED_SINCE;
  if (waitSeconds > 0) await deps.waitForGeneration(ownerId, generationId, waitSeconds * 1000);
  return { done: { generationId } };
}

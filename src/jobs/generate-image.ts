import { z } from 'zod';
import { replay, type CreationCode } from './replay.ts';
import { requestFingerprint, newId } from './ids.ts';
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
import { ensureTrigger } from '../catalog/trigger.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import { submitJob } from './submit.ts';
import { trainerRow } from '../catalog/trainers.ts';
import type { JobDeps } from './ports.ts';

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

type Started = Result<
  { readonly generationId: string },
  CreationCode | 'PROVIDER_REJECTED' | 'PROVIDER_UNAVAILABLE'
>;

export interface GenerationWaiter {
  /** Resolves when the generation has ended or the time is over, whichever is first. */
  generationEnded(ownerId: string, generationId: string, withinMs: number): Promise<void>;
}

/**
 * Draws images with what the avatar's training left. Resolves when fal has taken the run; with `waitSeconds`, when the
 * run has ended or the time is over. After a refusal there is no generation.
 */
export async function generateImage(
  deps: JobDeps & { readonly waiter: GenerationWaiter },
  ownerId: string,
  input: GenerateImageInput,
): Promise<Started | Result<never, 'INVALID_INPUT' | 'NOT_READY'>> {
  const { store } = deps;
  const read = parseInput(inputSchema, input);
  if ('refused' in read) return read;
  const { avatarId, prompt, numImages, seed, strength, waitSeconds, idempotencyKey } = read.input;
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return refuse('NOT_FOUND', 'There is no such avatar.');
  if (avatar.artifact === null) {
    return refuse(
      'NOT_READY',
      `This avatar has nothing to generate with yet: its status is ${avatar.status}, and it has to complete a training first.`,
    );
  }
  const { generator } = trainerRow(avatar.artifact.trainer);
  const range = numberBetween(generator.strength.min, generator.strength.max).optional();
  const readStrength = parseInput(z.object({ strength: range }), { strength: strength ?? null });
  if ('refused' in readStrength) return readStrength;

  const generation = { id: newId('gen'), prompt, numImages, seed: seed ?? null, strength: strength ?? null };
  const job = {
    id: newId('job'),
    ownerId,
    avatarId,
    trainer: avatar.artifact.trainer,
    endpoint: generator.endpoint,
    token: deps.newCallbackToken(),
    input: generator.input({
      artifact: avatar.artifact.value,
      prompt: ensureTrigger(prompt, avatar.triggerPhrase),
      numImages,
      seed: generation.seed,
      strength: generation.strength,
    }),
    idempotency:
      idempotencyKey === undefined
        ? null
        : {
            key: idempotencyKey,
            digest: requestFingerprint({ of: 'generation', avatarId, prompt, numImages, seed, strength }),
          },
  };

  const started = await start(deps, job, generation);
  if ('refused' in started) return started;
  if (waitSeconds > 0) {
    await deps.waiter.generationEnded(ownerId, started.done.generationId, waitSeconds * 1000);
  }
  return started;
}

async function start(
  deps: JobDeps,
  job: Parameters<JobDeps['store']['createGeneration']>[0],
  generation: Parameters<JobDeps['store']['createGeneration']>[1],
): Promise<Started> {
  const begunAt = performance.now();
  const creation = await deps.store.createGeneration(job, generation);
  if (creation.kind !== 'created') {
    return replay(deps.store, creation, ({ generationId }) =>
      generationId === null ? null : { generationId },
    );
  }
  const refusal = await submitJob(deps, { ...job, begunAt });
  if (refusal === null) return { done: { generationId: generation.id } };
  const { code, message } = refusal.failure;
  return refuse(code === 'PROVIDER_REJECTED' ? code : 'PROVIDER_UNAVAILABLE', message);
}

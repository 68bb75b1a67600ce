import * as z from 'zod';
import { ensureTrigger } from '../catalog/trigger.ts';
import { seedWarning, triggerWarning, type DryRun } from './dry-run.ts';
import { idempotencyOf, newId } from './ids.ts';
import { CALL_OPTIONS, GENERATION_OPTIONS, newSeed, optionsFor } from './generation-options.ts';
import { MAX_PROMPT_LENGTH, parseInput, text, type Optional } from './parse-input.ts';
import { NO_SUCH_AVATAR, refuse, type ProviderCode, type Result } from '../domain/refusal.ts';
import {
  planned,
  submitOrDryRun,
  type PlannedGeneration,
  type SubmitGenerationDeps,
} from './submit-generation.ts';
import { DEFAULT_SIZES, type TrainerName, type TrainingType } from '../catalog/trainers.ts';
import type { CreationCode } from './submit.ts';
import type { Artifact } from '../catalog/artifact.ts';
import type { Generator } from '../catalog/generators.ts';
import type { AvatarStatus } from '../domain/decide-training.ts';

const inputSchema = z.object({
  avatarId: z.string(),
  prompt: text(MAX_PROMPT_LENGTH),
  ...GENERATION_OPTIONS,
  ...CALL_OPTIONS,
});

type GenerateImageInput = Optional<z.input<typeof inputSchema>>;

interface TrainedAvatars {
  findAvatar(
    ownerId: string,
    avatarId: string,
  ): Promise<{
    readonly status: AvatarStatus;
    readonly trainingType: TrainingType;
    readonly triggerPhrase: string;
    readonly artifact: { readonly trainer: TrainerName; readonly value: Artifact } | null;
  } | null>;
}

export type GenerateImageDeps = SubmitGenerationDeps & { readonly store: TrainedAvatars };

/** An avatar whose artifact this server can generate from. */
export type ReadyAvatar = {
  readonly id: string;
  readonly trainingType: TrainingType;
  readonly triggerPhrase: string;
  readonly trainer: TrainerName;
  readonly artifact: Artifact;
  readonly generator: Generator;
};

/** A prompt with the options of a call, unchecked against the generator. */
type ImageRequest = {
  readonly prompt: string;
  readonly idempotencyKey?: string | undefined;
} & { readonly [Option in keyof typeof GENERATION_OPTIONS]?: z.output<(typeof GENERATION_OPTIONS)[Option]> };

/**
 * Generates images with the avatar's artifact. Resolves when fal has taken the run; with `waitSeconds`, when the run has
 * ended or that time has passed. After a refusal or a dry run there is no generation.
 */
export async function generateImage(
  deps: GenerateImageDeps,
  ownerId: string,
  input: GenerateImageInput,
): Promise<
  Result<
    { readonly generationId: string } | { readonly dryRun: DryRun },
    CreationCode | ProviderCode | 'INVALID_INPUT' | 'NOT_READY'
  >
> {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { avatarId, waitSeconds, dryRun, ...request } = parsed.done;
  const ready = await findReadyAvatar(deps, ownerId, avatarId);
  if ('refused' in ready) return ready;
  const avatar = ready.done;
  const generation = planGeneration(ownerId, avatar, request);
  if ('refused' in generation) return generation;
  return submitOrDryRun(deps, generation.done, { dryRun, waitSeconds }, [
    triggerWarning(request.prompt, avatar.triggerPhrase),
    seedWarning(request.seed ?? null),
  ]);
}

export async function findReadyAvatar(
  { store, catalog }: Pick<GenerateImageDeps, 'store' | 'catalog'>,
  ownerId: string,
  avatarId: string,
): Promise<Result<ReadyAvatar, 'NOT_FOUND' | 'NOT_READY'>> {
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return NO_SUCH_AVATAR;
  if (avatar.artifact === null) {
    return refuse(
      'NOT_READY',
      `This avatar has no artifact: its status is ${avatar.status}. Complete a training first.`,
    );
  }
  const { trainer, value: artifact } = avatar.artifact;
  const generator = catalog.trainer(trainer)?.generator;
  if (generator === undefined) {
    return refuse(
      'NOT_READY',
      `This avatar's artifact is of the trainer ${trainer}, which this server does not have. Train the avatar again.`,
    );
  }
  const { trainingType, triggerPhrase } = avatar;
  return { done: { id: avatarId, trainingType, triggerPhrase, trainer, artifact, generator } };
}

/** @param place of the request in the caller's input, for the refusal; absent: it is the input */
export function planGeneration(
  ownerId: string,
  avatar: ReadyAvatar,
  { prompt, idempotencyKey, ...options }: ImageRequest,
  place?: string,
): Result<PlannedGeneration, 'INVALID_INPUT'> {
  const { id: avatarId, trainer, artifact, generator, trainingType, triggerPhrase } = avatar;
  const parsedOptions = parseInput(optionsFor(generator), options, place);
  if ('refused' in parsedOptions) return parsedOptions;
  const { seed, size, numImages, ...chosen } = parsedOptions.done;
  const request = {
    ...chosen,
    artifact,
    prompt: ensureTrigger(prompt, triggerPhrase),
    numImages: numImages ?? 1,
    seed: seed ?? newSeed(),
    size: size ?? DEFAULT_SIZES[trainingType],
  };
  const job = {
    ownerId,
    avatarId,
    trainer,
    endpoint: generator.endpoint,
    input: generator.input(request),
    // As given: a repeat chooses another seed.
    idempotency: idempotencyOf(idempotencyKey, {
      of: 'generation',
      avatarId,
      prompt,
      ...options,
      numImages: request.numImages,
    }),
  };
  const generation = {
    id: newId('gen'),
    prompt,
    numImages: request.numImages,
    seed: request.seed,
    strength: request.strength,
  };
  return { done: planned(job, generation) };
}

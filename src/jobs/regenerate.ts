import * as z from 'zod';
import { CALL_OPTIONS, GENERATION_OPTIONS, newSeed, optionsFor } from './generation-options.ts';
import { ensureTrigger } from '../catalog/trigger.ts';
import { seedWarning, triggerWarning, type DryRun } from './dry-run.ts';
import { idempotencyOf, newId } from './ids.ts';
import { MAX_PROMPT_LENGTH, parseInput, text, type Optional } from './parse-input.ts';
import { NO_SUCH_GENERATION, refuse, type ProviderCode, type Result } from '../domain/refusal.ts';
import {
  planned,
  submitOrDryRun,
  type NewGeneration,
  type SubmitGenerationDeps,
} from './submit-generation.ts';
import type { TrainerName } from '../catalog/trainers.ts';
import type { CreationCode } from './submit.ts';
import type { JsonObject } from '../values/json.ts';

const inputSchema = z.object({
  generationId: z.string(),
  prompt: text(MAX_PROMPT_LENGTH).optional(),
  ...GENERATION_OPTIONS,
  ...CALL_OPTIONS,
});

type RegenerateInput = Optional<z.input<typeof inputSchema>>;

export type RegenerateDeps = SubmitGenerationDeps & {
  readonly store: {
    /** With its avatar's trigger phrase, and what its job sent. */
    findGeneration(
      ownerId: string,
      generationId: string,
    ): Promise<
      | (Omit<NewGeneration, 'id' | 'seed'> & {
          readonly avatarId: string;
          readonly triggerPhrase: string;
          /** Null for one that fal chose and has not told. */
          readonly seed: number | null;
          readonly trainer: TrainerName;
          readonly endpoint: string;
          readonly input: JsonObject;
        })
      | null
    >;
  };
};

/**
 * Generates the images of an earlier generation again, with changes. It sends what was sent then, so the artifact is the
 * same even if the avatar has been trained since.
 */
export async function regenerate(
  deps: RegenerateDeps,
  ownerId: string,
  input: RegenerateInput,
): Promise<
  Result<
    { readonly generationId: string } | { readonly dryRun: DryRun },
    CreationCode | ProviderCode | 'INVALID_INPUT' | 'NOT_READY'
  >
> {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { generationId, waitSeconds, idempotencyKey, dryRun, ...given } = parsed.done;
  const { prompt, ...options } = given;
  const earlier = await deps.store.findGeneration(ownerId, generationId);
  if (earlier === null) return NO_SUCH_GENERATION;
  const generator = deps.catalog.generator(earlier.endpoint);
  if (generator === null) {
    return refuse('NOT_READY', `This server no longer has the generator ${earlier.endpoint}.`);
  }
  const changes = parseInput(optionsFor(generator), options);
  if ('refused' in changes) return changes;

  const seed = changes.done.seed ?? earlier.seed ?? newSeed();
  const generation = {
    id: newId('gen'),
    prompt: prompt ?? earlier.prompt,
    numImages: changes.done.numImages ?? earlier.numImages,
    seed,
    strength: changes.done.strength ?? earlier.strength,
  };
  const { avatarId, trainer, endpoint, triggerPhrase } = earlier;
  const sentPrompt = prompt === undefined ? null : ensureTrigger(prompt, triggerPhrase);
  const job = {
    ownerId,
    avatarId,
    trainer,
    endpoint,
    input: generator.again(earlier.input, { ...changes.done, prompt: sentPrompt, seed }),
    idempotency: idempotencyOf(idempotencyKey, { of: 'regeneration', generationId, ...given }),
  };
  return submitOrDryRun(deps, planned(job, generation), { dryRun, waitSeconds }, [
    prompt === undefined ? null : triggerWarning(prompt, triggerPhrase),
    seedWarning(changes.done.seed ?? earlier.seed),
  ]);
}

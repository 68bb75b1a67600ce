import { cancelRun, type CancelRunDeps } from './cancel-run.ts';
import { NO_SUCH_GENERATION, refuse, type Result } from '../domain/refusal.ts';
import type { GenerationStatus } from '../domain/decide-generation.ts';

export type CancelGenerationDeps = CancelRunDeps & {
  readonly store: {
    findGenerationStatus(ownerId: string, generationId: string): Promise<GenerationStatus | null>;
  };
};

/** Cancels the run of a generation. */
export async function cancelGeneration(
  deps: CancelGenerationDeps,
  ownerId: string,
  generationId: string,
): Promise<Result<{ readonly generationId: string }, 'NOT_FOUND' | 'CONFLICT'>> {
  if (await cancelRun(deps, ownerId, { generationId })) return { done: { generationId } };
  // Read after the cancel: the run may have ended at this moment.
  const status = await deps.store.findGenerationStatus(ownerId, generationId);
  if (status === null) return NO_SUCH_GENERATION;
  return status === 'CANCELLED'
    ? { done: { generationId } }
    : refuse('CONFLICT', `There is no run to cancel: the generation's status is ${status}.`);
}

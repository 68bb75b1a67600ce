import { NO_SUCH_GENERATION, type Result } from '../domain/user-error.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';

export type DeleteGenerationDeps = PublishDeps & {
  readonly store: {
    /** Deletes the generation and cancels its open job; null when there is no such generation. */
    deleteGeneration(ownerId: string, generationId: string): Promise<readonly OutboxEntry[] | null>;
  };
};

/** Deletes a generation. The reconciler cancels its open run at fal. What it spent still counts towards the quotas. */
export async function deleteGeneration(
  deps: DeleteGenerationDeps,
  ownerId: string,
  generationId: string,
): Promise<Result<{ readonly deletedGenerationId: string }, 'NOT_FOUND'>> {
  const outbox = await deps.store.deleteGeneration(ownerId, generationId);
  if (outbox === null) return NO_SUCH_GENERATION;
  publishSoon(deps, outbox);
  return { done: { deletedGenerationId: generationId } };
}

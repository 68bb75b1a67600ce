import { deleteFilesUnder } from './files/delete-files.ts';
import { copyPrefix } from './files/file-keys.ts';
import { NO_SUCH_GENERATION, type Result } from '../domain/refusal.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import type { FileStorage } from '../storage/file-storage.ts';

export type DeleteGenerationDeps = PublishDeps & {
  readonly store: {
    /** Deletes the generation and cancels its open job; null when there is no such generation. */
    deleteGeneration(
      ownerId: string,
      generationId: string,
    ): Promise<{ readonly avatarId: string; readonly outbox: readonly OutboxEntry[] } | null>;
  };
  readonly resultFiles: Pick<FileStorage, 'delete' | 'list'>;
};

/**
 * Deletes a generation and the copies of its images. The reconciler cancels its open run at fal. Its images still count
 * towards the quotas.
 */
export async function deleteGeneration(
  deps: DeleteGenerationDeps,
  ownerId: string,
  generationId: string,
): Promise<Result<{ readonly deletedGenerationId: string }, 'NOT_FOUND'>> {
  const deleted = await deps.store.deleteGeneration(ownerId, generationId);
  if (deleted === null) return NO_SUCH_GENERATION;
  const { avatarId, outbox } = deleted;
  publishSoon(deps, outbox);
  const { resultFiles: storage, log } = deps;
  await deleteFilesUnder({ storage, log }, copyPrefix(avatarId, generationId));
  return { done: { deletedGenerationId: generationId } };
}

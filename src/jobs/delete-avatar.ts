import { NO_SUCH_AVATAR, type Result } from '../domain/user-error.ts';
import { deleteFilesUnder } from './delete-files.ts';
import { filePrefix } from './keep-files.ts';
import { photoPrefix } from './delete-photo.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import type { FileStorage } from '../storage/file-storage.ts';

interface DeleteStore {
  /** Deletes the avatar and its generations and cancels their open jobs; null when there is no such avatar. */
  deleteAvatar(ownerId: string, avatarId: string): Promise<readonly OutboxEntry[] | null>;
}

export type DeleteAvatarDeps = PublishDeps & {
  readonly store: DeleteStore;
  readonly photoFiles: Pick<FileStorage, 'delete' | 'list'>;
  readonly resultFiles: Pick<FileStorage, 'delete' | 'list'>;
};

/** Deletes an avatar with its generations, photos and the copies of its files. The reconciler cancels its open runs at fal; their events are ignored. */
export async function deleteAvatar(
  deps: DeleteAvatarDeps,
  ownerId: string,
  avatarId: string,
): Promise<Result<{ readonly deletedAvatarId: string }, 'NOT_FOUND'>> {
  const outbox = await deps.store.deleteAvatar(ownerId, avatarId);
  if (outbox === null) return NO_SUCH_AVATAR;
  publishSoon(deps, outbox);
  const { photoFiles, resultFiles, log } = deps;
  await Promise.all([
    deleteFilesUnder({ storage: photoFiles, log }, photoPrefix(avatarId)),
    deleteFilesUnder({ storage: resultFiles, log }, filePrefix({ avatarId })),
  ]);
  return { done: { deletedAvatarId: avatarId } };
}

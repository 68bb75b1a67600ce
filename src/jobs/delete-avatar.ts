import { NO_SUCH_AVATAR, type Result } from '../domain/user-error.ts';
import { deleteFilesOf } from './delete-photo.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import type { FileStorage } from '../storage/file-storage.ts';

interface DeleteStore {
  /** Deletes the avatar and its generations and cancels their open jobs; null when there is no such avatar. */
  deleteAvatar(ownerId: string, avatarId: string): Promise<readonly OutboxEntry[] | null>;
}

export type DeleteAvatarDeps = PublishDeps & {
  readonly store: DeleteStore;
  readonly photoFiles: Pick<FileStorage, 'delete' | 'list'>;
};

/** Deletes an avatar with its generations and photos. The reconciler cancels its open runs at fal; their events are ignored. */
export async function deleteAvatar(
  deps: DeleteAvatarDeps,
  ownerId: string,
  avatarId: string,
): Promise<Result<{ readonly deletedAvatarId: string }, 'NOT_FOUND'>> {
  const outbox = await deps.store.deleteAvatar(ownerId, avatarId);
  if (outbox === null) return NO_SUCH_AVATAR;
  publishSoon(deps, outbox);
  await deleteFilesOf(deps, avatarId);
  return { done: { deletedAvatarId: avatarId } };
}

import { deleteFiles } from '../files/delete-files.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from '../publish-outbox.ts';
import { refuse, type Result } from '../../domain/refusal.ts';
import type { FileStorage } from '../../storage/file-storage.ts';

export type DeletedPhotos = { readonly keys: readonly string[]; readonly outbox: readonly OutboxEntry[] };

export type DeletePhotoDeps = PublishDeps & {
  readonly photoStore: {
    /** Null when there is no such photo. */
    deletePhoto(
      ownerId: string,
      photoId: string,
    ): Promise<(DeletedPhotos & { readonly avatarId: string }) | null>;
  };
  readonly photoFiles: Pick<FileStorage, 'delete'>;
};

/** Deletes a photo in any state, and its file. The URL of an upload that has not come is void then. */
export async function deletePhoto(
  deps: DeletePhotoDeps,
  ownerId: string,
  photoId: string,
): Promise<Result<{ readonly deletedPhotoId: string; readonly avatarId: string }, 'NOT_FOUND'>> {
  const deleted = await deps.photoStore.deletePhoto(ownerId, photoId);
  if (deleted === null) return refuse('NOT_FOUND', 'There is no photo with this ID.');
  publishSoon(deps, deleted.outbox);
  await deleteFiles({ storage: deps.photoFiles, log: deps.log }, deleted.keys);
  return { done: { deletedPhotoId: photoId, avatarId: deleted.avatarId } };
}

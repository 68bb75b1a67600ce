import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import type { FileStorage } from '../storage/file-storage.ts';

export type DeletedPhotos = { readonly files: readonly string[]; readonly outbox: readonly OutboxEntry[] };

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
  if (deleted === null) return refuse('NOT_FOUND', 'There is no photo with this id.');
  publishSoon(deps, deleted.outbox);
  await deleteFiles(deps, deleted.files);
  return { done: { deletedPhotoId: photoId, avatarId: deleted.avatarId } };
}

/** Never throws: a file that cannot be deleted now is removed by the sweep, because it has no row. */
export async function deleteFiles(
  { photoFiles, log }: Pick<DeletePhotoDeps, 'photoFiles' | 'log'>,
  files: readonly string[],
): Promise<void> {
  const results = await Promise.allSettled(files.map((file) => photoFiles.delete(file)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined)
    log.warn({ err: failed.reason as unknown }, 'files of photos not deleted; retrying later');
}

/** Files of one avatar share a prefix. */
export function photoPrefix(avatarId: string): string {
  return `${avatarId}/`;
}

/** Deletes all files of an avatar that was deleted. Never throws. */
export async function deleteFilesOf(
  {
    photoFiles,
    log,
  }: Pick<DeletePhotoDeps, 'log'> & { readonly photoFiles: Pick<FileStorage, 'delete' | 'list'> },
  avatarId: string,
): Promise<void> {
  const files: string[] = [];
  try {
    for await (const { key } of photoFiles.list(photoPrefix(avatarId))) files.push(key);
  } catch (error) {
    log.warn({ err: error, avatarId }, 'files of photos not listed; retrying later');
  }
  await deleteFiles({ photoFiles, log }, files);
}

import { deleteFiles, deleteUnknownFiles, UNKNOWN_AFTER_MS } from '../files/delete-files.ts';
import type { DeletedPhotos } from './delete-photo.ts';
import { publishSoon, type PublishDeps } from '../publish-outbox.ts';
import type { FileStorage } from '../../storage/file-storage.ts';

export type SweepPhotosDeps = PublishDeps & {
  readonly photoStore: {
    /**
     * Deletes photos whose time is over, uploads that never came, and photos that a successful training used; at most
     * `limit` of them.
     */
    deleteDue(limit: number): Promise<DeletedPhotos & { readonly count: number }>;
    /** Those of the keys that no photo has. */
    findUnknown(keys: readonly string[]): Promise<readonly string[]>;
  };
  readonly photoFiles: FileStorage;
  /** Throws when the files are those of another database. */
  readonly bindPhotoFiles: () => Promise<void>;
  /** Removes what uploads of a killed process left behind. */
  readonly spool: { sweep(olderThanMs: number): Promise<void> };
};

const BATCH_SIZE = 200;

/** Deletes files of uploads and photos without a row. */
export async function deleteUnknownPhotoFiles(deps: SweepPhotosDeps, stop: AbortSignal): Promise<void> {
  const { photoFiles: storage, photoStore, spool, bindPhotoFiles: bind, log } = deps;
  await spool.sweep(UNKNOWN_AFTER_MS);
  const findUnknown = (keys: readonly string[]) => photoStore.findUnknown(keys);
  await deleteUnknownFiles({ storage, findUnknown, bind, log }, stop);
}

export async function deleteDuePhotos(deps: SweepPhotosDeps, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const { keys, outbox, count } = await deps.photoStore.deleteDue(BATCH_SIZE);
    publishSoon(deps, outbox);
    await deleteFiles({ storage: deps.photoFiles, log: deps.log }, keys);
    if (count < BATCH_SIZE) return;
  }
}

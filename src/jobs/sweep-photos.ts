import { deleteFiles, type DeletedPhotos } from './delete-photo.ts';
import { runEvery, type Loop } from '../async/run-every.ts';
import { publishSoon, type PublishDeps } from './publish-outbox.ts';
import type { FileStorage, StoredFile } from '../storage/file-storage.ts';

export type SweepPhotosDeps = PublishDeps & {
  readonly photoStore: {
    /**
     * Deletes photos whose time is over, uploads that never came, and photos that a successful training used; at most
     * `limit` of them.
     */
    deleteDue(limit: number): Promise<DeletedPhotos & { readonly count: number }>;
    /** Those of the files that no photo has. */
    findUnknown(files: readonly string[]): Promise<readonly string[]>;
  };
  readonly photoFiles: FileStorage;
  /** Throws when the files are those of another database. */
  readonly claimPhotoFiles: () => Promise<void>;
  /** Removes what uploads of a killed process left behind. */
  readonly spool: { sweep(olderThanMs: number): Promise<void> };
};

const BATCH_SIZE = 200;
/** Longer than an upload with its check: until then a file may get its row. */
const UNKNOWN_AFTER_MS = 3_600_000;

const DELETION_INTERVAL_MS = 10_000;

export function sweepPhotos(deps: SweepPhotosDeps): readonly Loop[] {
  const { log } = deps;
  return [
    runEvery((stop) => deleteDuePhotos(deps, stop), { intervalMs: DELETION_INTERVAL_MS, log }),
    runEvery((stop) => deleteUnknownFiles(deps, stop), { intervalMs: UNKNOWN_AFTER_MS, log }),
  ];
}

async function deleteDuePhotos(deps: SweepPhotosDeps, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const { files, outbox, count } = await deps.photoStore.deleteDue(BATCH_SIZE);
    publishSoon(deps, outbox);
    await deleteFiles(deps, files);
    if (count < BATCH_SIZE) return;
  }
}

/** Deletes files without a photo: of a killed process, of a deletion that failed. */
export async function deleteUnknownFiles(deps: SweepPhotosDeps, stop: AbortSignal): Promise<void> {
  await deps.spool.sweep(UNKNOWN_AFTER_MS);
  await deps.claimPhotoFiles();
  let batch: string[] = [];
  const deleteBatch = async () => {
    await deleteFiles(deps, await deps.photoStore.findUnknown(batch));
    batch = [];
  };
  for await (const file of deps.photoFiles.list('')) {
    if (stop.aborted) return;
    if (!isOld(file)) continue;
    batch.push(file.key);
    if (batch.length === BATCH_SIZE) await deleteBatch();
  }
  if (batch.length > 0) await deleteBatch();
}

function isOld({ storedAt }: StoredFile): boolean {
  return Date.now() - storedAt.getTime() > UNKNOWN_AFTER_MS;
}

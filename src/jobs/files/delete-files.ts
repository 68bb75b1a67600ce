import { HOUR_MS } from '../../values/units.ts';
import type { FileStorage, StoredFile } from '../../storage/file-storage.ts';
import type { Log } from '../../log/log.ts';

type DeleteFilesDeps = { readonly storage: Pick<FileStorage, 'delete'>; readonly log: Log };

type Deletion = {
  readonly deleted: number;
  /** Files that are still there. */
  readonly left: number;
};

/** Deletions at the same time. */
const AT_ONCE = 20;

/** Never throws: a file that cannot be deleted now is deleted by the sweep, because no row has it. */
export async function deleteFiles(
  { storage, log }: DeleteFilesDeps,
  keys: readonly string[],
): Promise<Deletion> {
  const failures: unknown[] = [];
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    const results = await Promise.allSettled(
      keys.slice(from, from + AT_ONCE).map((key) => storage.delete(key)),
    );
    for (const result of results) if (result.status === 'rejected') failures.push(result.reason);
  }
  const failed = failures.length;
  if (failed > 0) log.warn({ err: failures[0], failed }, 'stored files not deleted; retrying later');
  return { deleted: keys.length - failed, left: failed };
}

/**
 * Deletes all files whose key begins with the prefix, whose rows are deleted. Never throws.
 *
 * @param count of the files by those rows, for a storage that cannot list them
 */
export async function deleteFilesUnder(
  deps: DeleteFilesDeps & { readonly storage: Pick<FileStorage, 'delete' | 'list'> },
  prefix: string,
  count = 0,
): Promise<Deletion> {
  const keys: string[] = [];
  let isListed = true;
  try {
    for await (const { key } of deps.storage.list(prefix)) keys.push(key);
  } catch (error) {
    isListed = false;
    deps.log.warn({ err: error, prefix }, 'stored files not listed; retrying later');
  }
  const { deleted, left } = await deleteFiles(deps, keys);
  return { deleted, left: isListed ? left : Math.max(left, count - deleted) };
}

/** Longer than a file can be without its row: an upload with its check, the copy of a file. */
export const UNKNOWN_AFTER_MS = HOUR_MS;
const BATCH_SIZE = 200;

type SweepFilesDeps = {
  readonly storage: FileStorage;
  readonly log: Log;
  /** Rejects if the files are those of another database. */
  readonly bind: () => Promise<void>;
  /** Those of the keys that no row has. */
  readonly findUnknown: (keys: readonly string[]) => Promise<readonly string[]>;
};

/** Deletes files without a row: of a killed process, of a deletion that failed. */
export async function deleteUnknownFiles(deps: SweepFilesDeps, stop: AbortSignal): Promise<void> {
  await deps.bind();
  let batch: string[] = [];
  const deleteBatch = async () => {
    await deleteFiles(deps, await deps.findUnknown(batch));
    batch = [];
  };
  for await (const file of deps.storage.list('')) {
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

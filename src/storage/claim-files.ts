import type { FileStorage } from './file-storage.ts';

/** The files in a place are those of another database. */
export class ForeignFilesError extends Error {
  override name = 'ForeignFilesError';
}

/** The file that has the id of the database. */
const CLAIM = 'database';
const MAX_ID_BYTES = 100;

/** A place for files, as the operator knows it. */
export type FilePlace = { readonly path: string; readonly setting: string };

/**
 * Makes a place for files that of one database: each database deletes the files that its rows do not know.
 *
 * @throws ForeignFilesError, StorageFullError, StorageUnavailableError
 */
export async function claimFiles(files: FileStorage, databaseId: string, place: FilePlace): Promise<void> {
  if ((await readClaim(files)) === null) await files.put(CLAIM, claimOf(databaseId));
  // Read again: of two databases that claim at the same time, the later one has the files.
  const owner = await readClaim(files);
  if (owner === databaseId) return;
  throw new ForeignFilesError(
    `The files under ${place.path} belong to another database (${JSON.stringify(owner)}), and this one ` +
      `(${databaseId}) would delete them. Set ${place.setting} to a separate place. If this database ` +
      `replaces the other one, delete the file ${place.path}${CLAIM} and start again.`,
  );
}

async function* claimOf(databaseId: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(databaseId);
}

async function readClaim(files: FileStorage): Promise<string | null> {
  const content = await files.read(CLAIM);
  if (content === null) return null;
  let text = '';
  for await (const chunk of content) {
    text += Buffer.from(chunk.subarray(0, MAX_ID_BYTES)).toString('latin1');
    if (text.length >= MAX_ID_BYTES) break;
  }
  return text.slice(0, MAX_ID_BYTES).trim();
}

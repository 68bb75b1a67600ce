import type { FileStorage } from './file-storage.ts';

/** The files in a place are those of another database. */
export class ForeignFilesError extends Error {
  override name = 'ForeignFilesError';
}

/** The file that has the id of the database. */
const CLAIM = 'database';
const MAX_ID_BYTES = 100;

/**
 * Makes a place for files that of one database: each database deletes the files that its rows do not know.
 *
 * @param place as the operator knows it
 * @throws ForeignFilesError, StorageFullError, StorageUnavailableError
 */
export async function claimFiles(files: FileStorage, databaseId: string, place: string): Promise<void> {
  if ((await readClaim(files)) === null) await files.put(CLAIM, claimOf(databaseId));
  // Read again: of two databases that claim at the same time, the later one has the files.
  const owner = await readClaim(files);
  if (owner === databaseId) return;
  throw new ForeignFilesError(
    `The files under ${place} are those of another database (${JSON.stringify(owner)}), and this one ` +
      `(${databaseId}) would delete them. Set S3_BUCKET or S3_PREFIX to a place of its own. If this database ` +
      `replaces the other one, delete the file ${place}${CLAIM} and start again.`,
  );
}

async function* claimOf(databaseId: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(databaseId);
}

async function readClaim(files: FileStorage): Promise<string | null> {
  const content = await files.read(CLAIM);
  if (content === null) return null;
  let text = '';
  for await (const piece of content) {
    text += Buffer.from(piece.subarray(0, MAX_ID_BYTES)).toString('latin1');
    if (text.length >= MAX_ID_BYTES) break;
  }
  return text.slice(0, MAX_ID_BYTES).trim();
}

import type { FileStorage } from './file-storage.ts';

/** The files in a place are those of another database. */
export class ForeignFilesError extends Error {
  override name = 'ForeignFilesError';
}

/** The file with the ID of the database. */
const MARKER = 'database';
const MAX_ID_BYTES = 100;

/** A place for files, as the operator knows it. */
export type FilePlace = { readonly path: string; readonly setting: string };

/**
 * Binds a place for files to one database: each database deletes the files that its rows do not know.
 *
 * @throws ForeignFilesError, StorageFullError, StorageUnavailableError
 */
export async function bindFiles(files: FileStorage, databaseId: string, place: FilePlace): Promise<void> {
  if ((await readMarker(files)) === null) await files.put(MARKER, markerOf(databaseId));
  // Read again: of two databases at the same time, the later one has the files.
  const owner = await readMarker(files);
  if (owner === databaseId) return;
  throw new ForeignFilesError(
    `The files under ${place.path} belong to another database (${JSON.stringify(owner)}), and this one ` +
      `(${databaseId}) would delete them. Set ${place.setting} to a separate place. If this database ` +
      `replaces the other one, delete the file ${place.path}${MARKER} and start again.`,
  );
}

async function* markerOf(databaseId: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(databaseId);
}

async function readMarker(files: FileStorage): Promise<string | null> {
  const content = await files.read(MARKER);
  if (content === null) return null;
  let text = '';
  for await (const chunk of content) {
    text += Buffer.from(chunk.subarray(0, MAX_ID_BYTES)).toString('latin1');
    if (text.length >= MAX_ID_BYTES) break;
  }
  return text.slice(0, MAX_ID_BYTES).trim();
}

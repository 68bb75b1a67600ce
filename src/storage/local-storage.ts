import { mkdir, open, opendir, rename, rm, rmdir, stat, statfs, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { errorCodeOf } from '../values/error-code.ts';
import {
  requireKey,
  StorageFullError,
  type FilePart,
  type FileStorage,
  type StoredFile,
} from './file-storage.ts';
import { MB } from '../values/units.ts';

/** Left free: the embedded database stops before its disk is full. */
const RESERVED_BYTES = 128 * MB;

/** Ends the name of a file that is being written. Such a file of a process that died is removed like every unknown one. */
const UNFINISHED = '.part';

/** Files in a folder, readable by this user only. */
export class LocalStorage implements FileStorage {
  readonly #folder: string;

  /** @param folder created when it is first needed */
  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  async put(key: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#pathOf(key);
    const unfinished = `${path}.${randomUUID()}${UNFINISHED}`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await requireRoom(this.#folder);
      await writeAll(await create(unfinished), content);
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw isFull(error) ? new StorageFullError('The disk is full.', { cause: error }) : error;
    }
  }

  async read(key: string, part?: FilePart): Promise<AsyncIterable<Uint8Array> | null> {
    const path = this.#pathOf(key);
    // Opened here: the file may be deleted before the first chunk is read.
    const file = await open(path).catch(nullIfMissing);
    return file?.createReadStream(part && { start: part.first, end: part.last }) ?? null;
  }

  async size(key: string): Promise<number | null> {
    return (await stat(this.#pathOf(key)).catch(nullIfMissing))?.size ?? null;
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key);
    await rm(path, { force: true });
    // Folders that are empty then, up to the first that is not.
    for (let folder = dirname(path); folder !== this.#folder; folder = dirname(folder)) {
      const isRemoved = await rmdir(folder).then(
        () => true,
        () => false,
      );
      if (!isRemoved) return;
    }
  }

  async *list(prefix: string): AsyncIterable<StoredFile> {
    const root = prefix === '' ? this.#folder : this.#pathOf(prefix.replace(/\/$/, ''));
    for await (const path of filesUnder(root)) {
      const found = await stat(path).catch(nullIfMissing);
      if (found !== null) yield { key: this.#keyOf(path), storedAt: found.mtime };
    }
  }

  #pathOf(key: string): string {
    requireKey(key);
    return join(this.#folder, key);
  }

  #keyOf(path: string): string {
    return relative(this.#folder, path).split(sep).join(posix.sep);
  }
}

/** Not Node's recursive opendir: it fails when a folder is deleted during the walk because it is empty. */
async function* filesUnder(folder: string): AsyncIterable<string> {
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) yield* filesUnder(path);
      else if (entry.isFile()) yield path;
    }
  } catch (error) {
    nullIfMissing(error);
  }
}

/** @throws an error with the code ENOSPC */
export async function requireRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= RESERVED_BYTES) return;
  throw Object.assign(new Error('too little space is left'), { code: 'ENOSPC' });
}

/** Whether a write failed for want of space. */
export function isFull(error: unknown): boolean {
  return FULL.has(errorCodeOf(error));
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

const ATTEMPTS = 5;

/** Creates a file and its folders, one of which may be removed at the same moment because it is empty. */
async function create(path: string): Promise<FileHandle> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      return await open(path, 'wx', 0o600);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      nullIfMissing(error);
    }
  }
}

/** Writes a new file so that it survives a power cut. */
async function writeAll(file: FileHandle, content: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

function nullIfMissing(error: unknown): null {
  if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error))) return null;
  throw error;
}

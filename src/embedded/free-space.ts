import { statfs } from 'node:fs/promises';
import { MB } from '../values/units.ts';

/** The write-ahead log grows by files of 16 MB: two of them must fit. */
export const WRITES_NEED = 32 * MB;
/** A checkpoint cuts the write-ahead log back to about this size. */
export const LOG_TAKES = 48 * MB;
/** A new database takes 40 MB. */
export const CREATING_NEEDS = 56 * MB;

/** The file system has too little space. */
class DiskFullError extends Error {
  override name = 'DiskFullError';

  constructor(folder: string, free: number, needed: number) {
    super(
      `The disk of ${folder} has ${Math.floor(free / MB)} MB free, and the embedded database needs ${needed / MB} MB: ` +
        `free some space, or set DATA_DIR to a folder on another disk.`,
    );
  }
}

/** Bytes that this process can still write in a folder. */
export async function freeSpace(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** @throws DiskFullError */
export async function requireSpace(folder: string, needed: number): Promise<void> {
  const free = await freeSpace(folder);
  if (free < needed) throw new DiskFullError(folder, free, needed);
}

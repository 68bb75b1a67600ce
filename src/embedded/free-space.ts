import { statfs } from 'node:fs/promises';

const MB = 1024 * 1024;

/** The database's log of writes grows by files of 16 MB: there has to be room for two. */
export const WRITES_NEED = 32 * MB;
/** To about this size the log is cut back at each checkpoint. */
export const LOG_TAKES = 48 * MB;
/** A new database takes 40 MB. */
export const CREATING_NEEDS = 56 * MB;

/** The file system has too little room for what was to be done. */
export class DiskFullError extends Error {
  override name = 'DiskFullError';

  constructor(folder: string, free: number, needed: number) {
    super(
      `Only ${Math.floor(free / MB)} MB are free where ${folder} is, and the embedded database needs ${needed / MB} MB ` +
        `there; make space, or set DATA_DIR to a folder elsewhere.`,
    );
  }
}

/** Bytes that this process may still write there. */
export async function freeSpace(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** @throws DiskFullError */
export async function requireSpace(folder: string, needed: number): Promise<void> {
  const free = await freeSpace(folder);
  if (free < needed) throw new DiskFullError(folder, free, needed);
}

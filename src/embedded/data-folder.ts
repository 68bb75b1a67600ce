import { access, chmod, mkdir, stat } from 'node:fs/promises';
import { constants, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errorCodeOf } from '../values/error-code.ts';
import type { OperatorLog } from '../log/log.ts';

/** The folder of the database's files in a data folder. */
export function databaseFolder(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/**
 * Creates a folder and its missing parents, for this user only. Returns the absolute path.
 *
 * Node's recursive mkdir never returns below a folder in which nothing can be created, such as /proc.
 */
export async function makeFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  try {
    await makeMissing(path);
    await access(path, constants.W_OK);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'EEXIST' || code === 'ENOTDIR') throw error;
    const problem = existsSync(path) ? 'written to' : 'made';
    throw new Error(
      `The data folder ${path} cannot be ${problem} (${code}); set DATA_DIR to another folder`,
      {
        cause: error,
      },
    );
  }
  return path;
}

async function makeMissing(path: string): Promise<void> {
  const missing: string[] = [];
  for (let above = path; !existsSync(above); above = dirname(above)) missing.push(above);
  for (const folder of missing.reverse()) {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      // Another process may create it at the same time.
      if (!existsSync(folder)) throw error;
    });
  }
  if (missing.length === 0) await mkdir(path, { recursive: true }); // EEXIST when it is a file
}

/**
 * Closes a database's folder to other users: PGlite creates files that everybody may write. A folder of an older version,
 * or a copied one, may be open.
 */
export async function closeToOthers(folder: string, log: OperatorLog): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(folder);
  if ((mode & 0o077) === 0) return;
  await chmod(folder, 0o700).catch((err: unknown) => {
    log.warn(
      { err, folder },
      'permissions of the database folder not restricted: other users may read or write its files',
    );
  });
}

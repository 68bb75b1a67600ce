import { rm } from 'node:fs/promises';
import type pg from 'pg';
import { writeBackup } from './format.ts';
import { errorCodeOf } from '../values/error-code.ts';
import { readContents, readRows } from './copy-rows.ts';

/**
 * Writes all rows, as they are at one moment, to a file that must not exist yet. A failed write leaves no file.
 *
 * @param signal aborts the write
 */
export async function backUp(pool: pg.Pool, file: string, signal: AbortSignal): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const contents = await readContents(client);
    await writeBackup(file, contents, ({ name }) => readRows(client, name), signal);
  } catch (error) {
    // EEXIST: the file is somebody else's.
    if (errorCodeOf(error) !== 'EEXIST') await rm(file, { force: true });
    throw error;
  } finally {
    client.release(true); // the transaction and its cursor end with the connection
  }
}

import { rm } from 'node:fs/promises';
import type pg from 'pg';
import { writeBackup, type BackupHead, type TableInBackup } from './format.ts';
import { fixTexts, readSequences, readTables } from '../db/introspection.ts';
import { readRows } from './copy-rows.ts';
import { readApplied } from '../db/migrations/migrate.ts';
import { readChecksum } from '../db/table-checksum.ts';
import { errorCodeOf } from '../db/error-code.ts';

/**
 * Writes all rows, as they are at one moment, to a file that must not be there yet. Others wait for the embedded
 * database meanwhile: it has one session. When it fails nothing of the file is left.
 *
 * @param gone aborts it
 */
export async function backUp(pool: pg.Pool, file: string, gone: AbortSignal): Promise<void> {
  const client = await pool.connect();
  let isDone = false;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await fixTexts(client);
    const { head, widest } = await readBackupHead(client);
    const rowsOf = (table: TableInBackup) => readRows(client, table.name, widest.get(table.name) ?? 0);
    await writeFresh(file, () => writeBackup(file, head, rowsOf, gone));
    isDone = true;
  } finally {
    if (isDone) await client.query('COMMIT').catch(() => undefined);
    client.release(!isDone); // what is half read is not lent to anybody else
  }
}

async function readBackupHead(
  client: pg.ClientBase,
): Promise<{ head: BackupHead; widest: Map<string, number> }> {
  const migrations = await readApplied(client);
  const widest = new Map<string, number>();
  const tables: TableInBackup[] = [];
  for (const table of await readTables(client)) {
    const digest = await readChecksum(client, table.name);
    tables.push({ ...table, rows: digest.rows, checksum: digest.checksum });
    widest.set(table.name, digest.widest);
  }
  return {
    head: {
      likeness: 'backup',
      format: 1,
      madeAt: new Date().toISOString(),
      migrations: migrations.map(({ name, checksum }) => ({ name, checksum })),
      tables,
      sequences: await readSequences(client),
    },
    widest,
  };
}

/** Removes what a failed write left; a file that was there before is not its own. */
async function writeFresh(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') await rm(file, { force: true });
    throw error;
  }
}

import { rm } from 'node:fs/promises';
import type pg from 'pg';
import { z } from 'zod';
import { writeBackup, type BackupHead, type TableInBackup } from './backup-file.ts';
import { fixTexts, readSequences, readTables } from './catalog.ts';
import { readRows } from './copy-rows.ts';
import { readApplied } from './migrate.ts';
import { readDigest } from './table-digest.ts';

const requestSchema = z.object({ backup: z.string() });
export const replySchema = z.union([z.object({ done: z.literal(true) }), z.object({ error: z.string() })]);

/** For as long nobody else gets at the embedded database; a file system that hangs must not make it longer. */
const MAX_HELD_MS = 5 * 60_000;

export function requestFor(file: string): string {
  return JSON.stringify({ backup: file } satisfies z.infer<typeof requestSchema>);
}

/**
 * A backup that another process asked for over the data folder's lock; see data-dir-request.ts. Never rejects: the
 * answer says what went wrong.
 */
export async function backUpOnRequest(pool: pg.Pool, request: string, gone: AbortSignal): Promise<string> {
  const reply = await answer(pool, request, gone).catch((error: unknown) => ({
    error: error instanceof Error ? error.message : String(error),
  }));
  return JSON.stringify(reply satisfies z.infer<typeof replySchema>);
}

async function answer(
  pool: pg.Pool,
  request: string,
  gone: AbortSignal,
): Promise<z.infer<typeof replySchema>> {
  const { backup: file } = requestSchema.parse(JSON.parse(request));
  await backUp(pool, file, AbortSignal.any([gone, AbortSignal.timeout(MAX_HELD_MS)]));
  return { done: true };
}

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
    const digest = await readDigest(client, table.name);
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
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      await rm(file, { force: true });
    throw error;
  }
}

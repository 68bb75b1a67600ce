import { readdir } from 'node:fs/promises';
import type pg from 'pg';
import { readBackup, type BackupHead, type TableInBackup } from './format.ts';
import { fixTexts, readTables, setSequences } from '../db/introspection.ts';
import { insertRows } from './copy-rows.ts';
import { createEmbedded, makeFolder } from '../embedded/create.ts';
import { lockFolder, PREFIX } from '../embedded/folder-lock.ts';
import { databaseFolder, openFolder, overEngine } from '../embedded/database.ts';
import type { OperatorLog } from '../log/log.ts';
import { migrate } from '../db/migrations/migrate.ts';
import { readMigrations } from '../db/migrations/migration-files.ts';
import { refuseOthers } from './same-columns.ts';
import { migrationsThatMade } from '../db/migrations/same-migrations.ts';
import { readChecksum } from '../db/table-checksum.ts';

const BATCH_ROWS = 1000;
const BATCH_CHARACTERS = 4 * 1024 * 1024;

/** Of a data folder without a database: what a killed start or restore left, and the simulator's files. */
const MAY_BE_THERE = new RegExp(
  `^(?:(?:new-)?${PREFIX.replace('.', '\\.')}.*|postgres\\.new|fal-simulator)$`,
);

/** There is something where the restored data should go. */
export class FolderNotEmptyError extends Error {
  override name = 'FolderNotEmptyError';

  constructor(dataDir: string, found: readonly string[]) {
    super(
      `The data folder ${dataDir} is not empty (${found.join(', ')}); a backup is restored into an empty or a new one. ` +
        `Move that away, or set DATA_DIR to another folder.`,
    );
  }
}

/**
 * Makes the embedded database of an empty or missing data folder out of a backup. The whole file is checked before
 * anything is made, and the rows are counted and summed again in the database before it gets its name: killed or
 * failed, it leaves no database. Tables are as they were when the backup was made; the next start brings them up to date.
 *
 * Throws BackupFileError, FolderNotEmptyError, DataDirInUseError, MigrationError (the backup is of a newer version) or
 * DiskFullError.
 */
export async function restore(file: string, dataDir: string, log: OperatorLog): Promise<BackupHead> {
  const head = await readBackup(file);
  const migrations = migrationsThatMade(`The backup ${file}`, head.migrations, await readMigrations());

  const path = await makeFolder(dataDir);
  const lock = await lockFolder(path, log);
  try {
    const others = (await readdir(path)).filter((name) => !MAY_BE_THERE.test(name));
    if (others.length > 0) throw new FolderNotEmptyError(path, others);
    await createEmbedded(databaseFolder(path), log, async (unfinished) => {
      const { pool, close } = overEngine(await openFolder(unfinished), undefined, log);
      const client = await pool.connect();
      try {
        await migrate(client, migrations, log);
        await fill(client, file, head);
        await client.query('VACUUM (ANALYZE)');
        await client.query('CHECKPOINT');
      } finally {
        client.release(true);
        await close();
      }
    });
  } finally {
    await lock.release();
  }
  return head;
}

async function fill(client: pg.ClientBase, file: string, head: BackupHead): Promise<void> {
  await client.query('BEGIN');
  await fixTexts(client);
  refuseOthers('The backup', head.tables, await readTables(client));

  let batch: string[] = [];
  let characters = 0;
  let into: TableInBackup | undefined;
  const flush = async (): Promise<void> => {
    if (into !== undefined && batch.length > 0) await insertRows(client, into, batch);
    [batch, characters] = [[], 0];
  };
  await readBackup(file, async (table, row) => {
    if (table !== into || batch.length >= BATCH_ROWS || characters >= BATCH_CHARACTERS) {
      await flush();
      into = table;
    }
    batch.push(row);
    characters += row.length;
  });
  await flush();

  for (const table of head.tables) {
    const { rows, checksum } = await readChecksum(client, table.name);
    if (rows !== table.rows || checksum !== table.checksum) {
      throw new Error(`${table.name} is not the same after it was restored: ${rows} rows of ${table.rows}`);
    }
  }
  await setSequences(client, head.sequences);
  await client.query('COMMIT');
}

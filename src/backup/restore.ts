import { readdir } from 'node:fs/promises';
import { createEmbedded } from '../embedded/create.ts';
import { databaseFolder, makeFolder } from '../embedded/data-folder.ts';
import { openFolder, overEngine } from '../embedded/database.ts';
import { fillTables } from './copy-rows.ts';
import { lockFolder, PREFIX } from '../embedded/folder-lock.ts';
import { migrate } from '../db/migrations/migrate.ts';
import { migrationsThatMade } from './migrations.ts';
import { readBackup, type BackupHead } from './format.ts';
import type { OperatorLog } from '../log/log.ts';

/**
 * In a data folder without a database: leftovers of a killed start or restore, the simulator's files, and those of the
 * server, with the marker of their database.
 */
const MAY_EXIST = new RegExp(
  `^(?:(?:new-)?${PREFIX.replace('.', '\\.')}.*|postgres\\.new|fal-simulator|photos|files|uploads|database)$`,
);

/**
 * Makes the embedded database of an empty or missing data folder from a backup. The whole file is checked before
 * anything is made, and the database gets its name only when every table has the backup's rows and checksum: a killed or
 * failed restore leaves no database. The tables are those of the backup; the next start migrates them.
 *
 * Throws when the file is not a whole backup or the folder is not empty; DataDirInUseError; MigrationError (a backup of a
 * newer version); DiskFullError.
 */
export async function restore(file: string, dataDir: string, log: OperatorLog): Promise<BackupHead> {
  const head = await readBackup(file);
  const source = `The backup ${file}`;
  const migrations = await migrationsThatMade(source, head);

  const path = await makeFolder(dataDir);
  const lock = await lockFolder(path, log);
  try {
    const others = (await readdir(path)).filter((name) => !MAY_EXIST.test(name));
    if (others.length > 0) {
      throw new Error(
        `The data folder ${path} is not empty (${others.join(', ')}); a backup is restored into an empty or new one. ` +
          `Move these files away, or set DATA_DIR to another folder.`,
      );
    }
    await createEmbedded(databaseFolder(path), log, async (unfinished) => {
      const { pool, close } = overEngine(await openFolder(unfinished), undefined, log);
      const client = await pool.connect();
      try {
        await migrate(client, migrations, log);
        await client.query('BEGIN');
        await fillTables(client, source, head, async (insert) => {
          await readBackup(file, insert);
        });
        await client.query('COMMIT');
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

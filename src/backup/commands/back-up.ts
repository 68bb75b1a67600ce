import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { backUp } from '../dump.ts';
import { readBackup, type BackupHead } from '../format.ts';
import { DataDirInUseError } from '../../embedded/folder-lock.ts';
import { databaseFolder, openEmbedded } from '../../embedded/database.ts';
import { publishAtomically } from '../atomic-publish.ts';
import { CommandError, EX_CONFIG, EX_USAGE, log, type Place } from './command.ts';

/**
 * `npm run backup -- [file]`: one file of all that the embedded database holds, while no server uses it. It has its name
 * only when it was read again and every table's checksum was right.
 */
export async function backup(
  args: readonly string[],
  { dataDir, databaseUrl }: Place,
  gone: AbortSignal,
): Promise<{ readonly file: string; readonly tables: BackupHead['tables'] }> {
  const [name = defaultName(new Date()), ...more] = args;
  if (more.length > 0 || name.startsWith('-'))
    throw new CommandError('usage: npm run backup -- [file]', EX_USAGE);
  if (databaseUrl !== null) {
    throw new CommandError(
      'DATABASE_URL is set, so the data is in PostgreSQL: use pg_dump, with --format=custom',
      EX_CONFIG,
    );
  }
  const folder = resolve(dataDir);
  if (!existsSync(databaseFolder(folder))) {
    throw new CommandError(`There is no embedded database in ${folder} (DATA_DIR)`, EX_CONFIG);
  }
  const file = resolve(name);
  if (existsSync(file)) throw new CommandError(`${file} is there already; a backup replaces no file`);

  const unfinished = `${file}.${randomUUID()}.unfinished`;
  try {
    await write(folder, unfinished, gone);
    gone.throwIfAborted();
    const { tables } = await readBackup(unfinished);
    gone.throwIfAborted();
    await publishAtomically(unfinished, file);
    return { file, tables };
  } catch (error) {
    gone.throwIfAborted(); // says more than what it broke off
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Colons are no part of a file's name everywhere. */
function defaultName(now: Date): string {
  return `likeness-${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z.backup.gz`;
}

async function write(dataDir: string, file: string, gone: AbortSignal): Promise<void> {
  const { pool, close } = await openEmbedded(dataDir, log).catch((error: unknown) => {
    throw error instanceof DataDirInUseError ? new CommandError(besideAServer(error)) : error;
  });
  await backUp(pool, file, gone).finally(close);
}

function besideAServer({ dataDir, holder }: DataDirInUseError): string {
  return (
    `The data folder ${dataDir} is in use by ${holder}, and a backup needs it alone: stop the server first, or use ` +
    `PostgreSQL (npm run move-to-postgres), which pg_dump backs up while servers run`
  );
}

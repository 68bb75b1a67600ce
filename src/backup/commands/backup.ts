import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { backUp } from '../dump.ts';
import { DataDirInUseError } from '../../embedded/folder-lock.ts';
import { openEmbedded } from '../../embedded/database.ts';
import { publishAtomically } from '../atomic-publish.ts';
import { readBackup, type BackupHead } from '../format.ts';
import { CommandError, EX_CONFIG, EX_USAGE, exitStatusOf, log, print } from '../../cli/command.ts';
import { readDataLocation, requireEmbedded } from '../../cli/settings.ts';

const ending = new AbortController();
const { signal } = ending;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => ending.abort(new Error(`ended by ${name}; no backup was written`)));
}

/**
 * `npm run backup -- [file]`: one file with all rows of the embedded database, while no server uses it. The file gets
 * its name after it was read again and every checksum was right.
 */
void exitStatusOf(async () => {
  const [name = defaultName(new Date()), ...more] = process.argv.slice(2);
  if (more.length > 0 || name.startsWith('-')) {
    throw new CommandError('usage: npm run backup -- [file]', EX_USAGE);
  }
  const { dataDir, databaseUrl } = readDataLocation(process.env);
  if (databaseUrl !== null) {
    throw new CommandError(
      'DATABASE_URL is set, so the data is in PostgreSQL: use pg_dump, with --format=custom',
      EX_CONFIG,
    );
  }
  requireEmbedded(dataDir);
  const file = resolve(name);
  if (existsSync(file)) throw new CommandError(`${file} already exists; a backup replaces no file`);

  const { tables } = await writeChecked(dataDir, file);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  print(`${file}: ${rows} rows of ${tables.length} tables, written and read again`);
}).then((status) => process.exit(status));

/** Colons are not allowed in file names everywhere. */
function defaultName(now: Date): string {
  return `likeness-${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z.backup.gz`;
}

async function writeChecked(dataDir: string, file: string): Promise<BackupHead> {
  const unfinished = `${file}.${randomUUID()}.unfinished`;
  try {
    const { pool, close } = await openEmbedded(dataDir, log);
    await backUp(pool, unfinished, signal).finally(close);
    signal.throwIfAborted();
    const head = await readBackup(unfinished);
    signal.throwIfAborted();
    await publishAtomically(unfinished, file);
    return head;
  } catch (error) {
    signal.throwIfAborted(); // the signal is a better reason than the error it caused
    throw error instanceof DataDirInUseError ? new CommandError(dataDirInUse(error)) : error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

function dataDirInUse({ dataDir, holder }: DataDirInUseError): string {
  return (
    `The data folder ${dataDir} is in use by ${holder}, and a backup needs it alone: stop the server first, or use ` +
    `PostgreSQL (npm run move-to-postgres), which pg_dump backs up while servers run`
  );
}

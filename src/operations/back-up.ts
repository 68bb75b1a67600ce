import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { backUp } from '../db/backup.ts';
import { readBackup, type BackupHead } from '../db/backup-file.ts';
import { discardCopy } from '../db/copy-folders.ts';
import { copyIn, COPY_REQUEST } from '../db/copy-request.ts';
import { requestOfHolder } from '../db/data-dir-request.ts';
import { databaseFolder, openCopy, openEmbedded } from '../db/embedded.ts';
import { warnOfMemory } from '../db/memory-limit.ts';
import { giveName } from './give-name.ts';
import { CommandError, EX_CONFIG, EX_USAGE, log, type Place } from './program.ts';

/** A server and this command beside it; measured 310 and, of a million rows, 320. */
const BOTH_TAKE_MB = 640;
const TAKEN_BACK =
  'The server took its copy of the database back: it ended, or the disk is nearly full and it needs the room itself. ' +
  'Make space, or stop the server, without which no copy is needed';

/**
 * `npm run backup -- [file]`: one file of all that the embedded database holds, while a server uses it (whose copy is
 * then read, in the data folder that both of them see) or while none does. It has its name only when it was read again
 * and every table's checksum was right.
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
    await giveName(unfinished, file);
    return { file, tables };
  } catch (error) {
    gone.throwIfAborted(); // says more than what it broke off
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Colons are no part of a file's name everywhere. */
export function defaultName(now: Date): string {
  return `likeness-${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z.backup.gz`;
}

async function write(dataDir: string, file: string, gone: AbortSignal): Promise<void> {
  const reply = await aborted(gone, requestOfHolder(dataDir, COPY_REQUEST));
  if (reply === undefined) {
    const { pool, close } = await openEmbedded(dataDir, log);
    return backUp(pool, file, gone).finally(close);
  }
  try {
    warnOfMemory(BOTH_TAKE_MB, 'a backup beside a running server', log);
    await writeFromCopy(join(dataDir, copyIn(reply.line)), reply.hungUp, file, gone);
  } finally {
    reply.leave();
  }
}

/** A server that ends leaves the copy to its reader; one that needs the room does not, and hangs up. */
async function writeFromCopy(
  copy: string,
  hungUp: AbortSignal,
  file: string,
  gone: AbortSignal,
): Promise<void> {
  const takenBack = new AbortController();
  const look = (): void => {
    if (!existsSync(copy)) takenBack.abort(new CommandError(TAKEN_BACK));
  };
  hungUp.addEventListener('abort', look);
  try {
    const { pool, close } = await openCopy(copy, log);
    await backUp(pool, file, AbortSignal.any([gone, takenBack.signal]))
      .finally(look) // while it is open, so that nobody else has removed it
      .finally(close);
    takenBack.signal.throwIfAborted();
  } catch (error) {
    look();
    takenBack.signal.throwIfAborted(); // says more than what came of it
    throw error;
  } finally {
    await discardCopy(copy);
  }
}

/** The work goes on; nobody waits for it any more. */
async function aborted<T>(gone: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_resolve, reject) => {
      gone.addEventListener('abort', () => reject(gone.reason as Error), { once: true });
    }),
  ]);
}

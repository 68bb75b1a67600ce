import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants, copyFile, link, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { backUp, replySchema, requestFor } from '../db/backup.ts';
import { readBackup, type BackupHead } from '../db/backup-file.ts';
import { requestOfHolder } from '../db/data-dir-request.ts';
import { databaseFolder, openEmbedded } from '../db/embedded.ts';
import { CommandError, EX_CONFIG, EX_USAGE, log, type Place } from './program.ts';

/**
 * `npm run backup -- [file]`: one file of all that the embedded database holds, while a server uses it (which then
 * writes it) or while none does. It has its name only when it was read again and every table's checksum was right.
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
    await giveName(unfinished, file);
    return { file, tables };
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Colons are no part of a file's name everywhere. */
export function defaultName(now: Date): string {
  return `likeness-${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z.backup.gz`;
}

async function write(folder: string, file: string, gone: AbortSignal): Promise<void> {
  const answer = await aborted(gone, requestOfHolder(folder, requestFor(file)));
  if (answer !== undefined) {
    const reply = replySchema.parse(JSON.parse(answer));
    if ('error' in reply) throw new CommandError(`The server could not write the backup: ${reply.error}`);
    return;
  }
  const { pool, close } = await openEmbedded(folder, log);
  try {
    await backUp(pool, file, gone);
  } finally {
    await close();
  }
}

/** A name that is given once: linking fails where the name is taken. Not every file system has links. */
async function giveName(unfinished: string, file: string): Promise<void> {
  try {
    await link(unfinished, file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    await copyFile(unfinished, file, constants.COPYFILE_EXCL);
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

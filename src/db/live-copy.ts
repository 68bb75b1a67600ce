import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type pg from 'pg';
import { discardCopy, newCopyName } from './copy-folders.ts';
import { atOnce, type Patiently } from './embedded-upkeep.ts';
import { freeSpace, LOG_TAKES, WRITES_NEED } from './free-space.ts';
import { inSession } from './in-session.ts';

const MB = 1024 * 1024;
const CONTROL = join('global', 'pg_control');
const LOG = 'pg_wal';

/**
 * Copies a database that is in use: a folder beside it that opens with everything committed until now, its name the
 * result. Others wait twice for some hundredths of a second and use the database in between.
 *
 * One session cannot hold one transaction open and serve others, so no statement reads a big database at one moment
 * while others write. The files can be had that way, as in PostgreSQL's own base backups: what they are at a
 * checkpoint, each copied whenever its turn comes, and then the log of all writes since. Opening the copy applies that
 * log, as after a crash. Most of the log is copied before others have to wait, and while they do only what is newer.
 *
 * There must be no other checkpoint, nor a vacuum, meanwhile: they take away files and the log's beginning.
 *
 * @param folder the database's
 * @param gone aborts it; then, and when it fails, nothing of the copy is left
 * @param patiently does what may take long, a checkpoint of many changes
 */
export async function copyLive(
  pool: pg.Pool,
  folder: string,
  gone: AbortSignal,
  patiently: Patiently = atOnce,
): Promise<string> {
  gone.throwIfAborted();
  const name = newCopyName();
  const copy = join(dirname(folder), name);
  const target = join(copy, basename(folder));
  await requireRoom(folder);
  await mkdir(join(target, 'global'), { recursive: true, mode: 0o700 });
  try {
    await inSession(pool, async (client) => {
      await patiently(() => client.query('CHECKPOINT'));
      await copyFile(join(folder, CONTROL), join(target, CONTROL)); // says where in the log to begin
    });
    const [control, log] = [join(folder, CONTROL), join(folder, LOG)];
    await copyTree(folder, target, { without: [control, log] }, gone);
    await copyTree(log, join(target, LOG), {}, gone);
    await inSession(pool, () => copyTree(log, join(target, LOG), { onlyChanged: true }, gone));
    return name;
  } catch (error) {
    await discardCopy(copy);
    throw error;
  }
}

/**
 * Copying must not take the server's room away. Without checkpoints the log is not cut back, what is added to it is
 * copied too, and whoever opens the copy writes as well.
 */
async function requireRoom(folder: string): Promise<void> {
  const needed = sizeOf(folder) + WRITES_NEED + 3 * LOG_TAKES;
  const free = await freeSpace(folder);
  if (free >= needed) return;
  throw new Error(
    `a copy of the database needs ${Math.ceil(needed / MB)} MB in ${dirname(folder)} for as long as the backup is ` +
      `written, and ${Math.floor(free / MB)} MB are free; make space, or stop the server, without which no copy is needed`,
  );
}

/** Some thousand files at most; looked at one after the other they would wait for a busy server's every turn. */
function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries.reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

type What = {
  /** Paths that are left out. */
  readonly without?: readonly string[];
  /** Leaves out what is there already and was written well before it was copied. */
  readonly onlyChanged?: boolean;
};

async function copyTree(
  from: string,
  to: string,
  { without = [], onlyChanged = false }: What,
  gone: AbortSignal,
): Promise<void> {
  gone.throwIfAborted();
  const workerData = { from, to, without, onlyChanged };
  const worker = new Worker(COPY, { eval: true, workerData });
  const stop = (): void => void worker.terminate();
  gone.addEventListener('abort', stop, { once: true });
  try {
    await once(worker, 'exit'); // rejects with the thread's error
  } finally {
    gone.removeEventListener('abort', stop);
  }
  gone.throwIfAborted();
}

/**
 * In a thread, since the embedded database often holds up the main one. Source text and not a file: the server is one
 * bundled file. Left out is also what PostgreSQL leaves out of base backups because it comes and goes. Both times that
 * are compared come from the same file system's clock, which may be as coarse as two seconds.
 */
const COPY = `
  const { workerData: { from, to, without, onlyChanged } } = require('node:worker_threads');
  const { constants, cpSync, statSync } = require('node:fs');
  const { basename } = require('node:path');
  const passing = /^(?:postmaster\\.(?:pid|opts)|pgsql_tmp.*|pg_internal\\.init.*|xlogtemp\\..*)$/;
  const isOld = (path, copy) => {
    const [original, copied] = [statSync(path), statSync(copy, { throwIfNoEntry: false })];
    return original.isFile() && copied !== undefined && original.mtimeMs < copied.mtimeMs - 2000;
  };
  cpSync(from, to, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (path, copy) =>
      !without.includes(path) && !passing.test(basename(path)) && !(onlyChanged && isOld(path, copy)),
  });
`;

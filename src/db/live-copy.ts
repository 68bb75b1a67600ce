import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type pg from 'pg';
import { discardCopy, newCopyName } from './copy-folders.ts';
import { freeSpace, LOG_TAKES, WRITES_NEED } from './free-space.ts';

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
 * log, as after a crash.
 *
 * There must be no other checkpoint, nor a vacuum, meanwhile: they take away files and the log's beginning.
 *
 * @param folder the database's
 * @param gone aborts it; then, and when it fails, nothing of the copy is left
 */
export async function copyLive(pool: pg.Pool, folder: string, gone: AbortSignal): Promise<string> {
  gone.throwIfAborted();
  const name = newCopyName();
  const copy = join(dirname(folder), name);
  const target = join(copy, basename(folder));
  await requireRoom(folder);
  await mkdir(join(target, 'global'), { recursive: true, mode: 0o700 });
  try {
    await inSession(pool, async (client) => {
      await client.query('CHECKPOINT');
      await copyFile(join(folder, CONTROL), join(target, CONTROL)); // says where in the log to begin
    });
    await copyTree(folder, target, [join(folder, CONTROL), join(folder, LOG)], gone);
    await inSession(pool, () => copyTree(join(folder, LOG), join(target, LOG), [], gone));
    return name;
  } catch (error) {
    await discardCopy(copy);
    throw error;
  }
}

async function inSession(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await work(client);
  } finally {
    client.release();
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

/** @param without paths that are left out */
async function copyTree(
  from: string,
  to: string,
  without: readonly string[],
  gone: AbortSignal,
): Promise<void> {
  gone.throwIfAborted();
  const worker = new Worker(COPY, { eval: true, workerData: { from, to, without } });
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
 * bundled file. Left out is also what PostgreSQL leaves out of base backups because it comes and goes.
 */
const COPY = `
  const { workerData: { from, to, without } } = require('node:worker_threads');
  const { constants, cpSync } = require('node:fs');
  const { basename } = require('node:path');
  const passing = /^(?:postmaster\\.(?:pid|opts)|pgsql_tmp.*|pg_internal\\.init.*)$/;
  cpSync(from, to, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (path) => !without.includes(path) && !passing.test(basename(path)),
  });
`;

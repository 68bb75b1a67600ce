import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { closeToOthers, createEmbedded, makeFolder } from './create.ts';
import { lockFolder, type FolderLock } from './folder-lock.ts';
import { DatabaseTroubleError } from '../db/database-trouble.ts';
import { embeddedClientClass, resetSession } from './client.ts';
import { openEngine, type Engine } from './engine.ts';
import { startMaintenance, type Maintenance } from './maintenance.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';
import { requireSpace, WRITES_NEED } from './free-space.ts';
import type { OperatorLog } from '../log/log.ts';
import { warnOfMemory } from './memory-limit.ts';
import { keepPoolClean } from '../db/pool-hooks.ts';
import type { PoolHandle } from '../db/postgres.ts';
import { withTimeout } from '../async/with-timeout.ts';

/** Lives as long as the process: nothing is written. */
export const IN_MEMORY = 'memory://';

/** All statements share one session, so a burst waits in line; longer than this and the caller hears of it. */
const ACQUIRE_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** Of the whole server with few rows; measured 310. */
const SERVING_MEMORY_MB = 384;
/** A server's statements take milliseconds; the vacuum of a big table on a slow disk may take minutes. */
const FROZEN_AFTER_MS = 10 * 60_000;

export type EmbeddedHandle = PoolHandle & {
  /** Begins what a server needs that stays open: upkeep, an end to freezes. After the migrations, which may be long. */
  readonly serve: () => void;
  /** Why it cannot do its work; undefined while it can. */
  readonly trouble: () => DatabaseTroubleError | undefined;
};

/** Where in a data folder the database's files are. */
export function databaseFolder(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/**
 * PostgreSQL inside this process, its files in `<dataDir>/postgres`; they are made when there are none.
 *
 * Throws DataDirInUseError while another process (or another open in this one) has the folder, DiskFullError when
 * there is no room to work in. When the database stops for good later, its error is thrown where nobody catches it, so
 * that the process ends and is started again: everything acknowledged is there then.
 */
export async function openEmbedded(dataDir: string, log: OperatorLog): Promise<EmbeddedHandle> {
  if (dataDir === IN_MEMORY) return overEngine(await openEngine(IN_MEMORY, endProcess), undefined, log);
  const path = await makeFolder(dataDir);
  const lock = await lockFolder(path, log);
  try {
    warnOfMemory(SERVING_MEMORY_MB, 'a server with the embedded database', log);
    await removeCopiesOfOlderVersions(path);
    const folder = databaseFolder(path);
    if (!existsSync(folder)) await createEmbedded(folder, log);
    await closeToOthers(folder, log);
    return overEngine(await openFolder(folder), { lock, folder }, log);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Backups beside a running server left them when they were killed; they hold all rows and take as much room. */
async function removeCopiesOfOlderVersions(dataDir: string): Promise<void> {
  const left = (await readdir(dataDir)).filter((name) => /^(?:copy|gone)\.[0-9a-f]{8}$/.test(name));
  for (const name of left) await rm(join(dataDir, name), { recursive: true, force: true });
}

/** Opens a database folder that nobody else has, without a lock. */
export async function openFolder(folder: string): Promise<Engine> {
  await requireSpace(folder, WRITES_NEED);
  try {
    return await openEngine(folder, endProcess);
  } catch (error) {
    throw new Error(`The embedded database in ${folder} cannot be opened: ${openingFault(error)}`, {
      cause: error,
    });
  }
}

function openingFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /memory/i.test(message) ? `too little memory, it takes about 200 MB (${message})` : message;
}

export function overEngine(
  engine: Engine,
  place: { readonly lock: FolderLock; readonly folder: string } | undefined,
  log: OperatorLog,
): EmbeddedHandle {
  let upkeep: Maintenance | undefined;
  let watch: Watchdog | undefined;
  const pool = new pg.Pool({
    Client: embeddedClientClass(engine.db),
    max: 1,
    connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
    idleTimeoutMillis: 0,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it; its declarations do not say so
    onConnect: async (client: pg.ClientBase) => {
      await resetSession(client);
      await upkeep?.begin(client);
    },
  });
  keepPoolClean(pool, log);
  return {
    pool,
    serve: () => {
      watch ??= startWatchdog(FROZEN_AFTER_MS);
      if (place !== undefined) upkeep ??= startMaintenance(pool, place.folder, log);
    },
    trouble: () => {
      const stopped = engine.stopped();
      if (stopped !== undefined) return new DatabaseTroubleError('stopped', stopped.message);
      return upkeep?.isFull() === true
        ? new DatabaseTroubleError('disk-full', 'the disk is nearly full')
        : undefined;
    },
    close: async () => {
      upkeep?.stop();
      try {
        // A client that is never given back must not keep the files from being closed in order.
        await withTimeout(pool.end(), CLOSE_TIMEOUT_MS).catch((err: unknown) =>
          log.warn({ err }, 'Closing the embedded database under a query that has not ended'),
        );
        await engine.close();
      } finally {
        await watch?.stop();
        await place?.lock.release();
      }
    },
  };
}

function endProcess(error: Error): void {
  process.nextTick(() => {
    throw error;
  });
}

import { existsSync } from 'node:fs';
import pg from 'pg';
import { closeToOthers, databaseFolder, makeFolder } from './data-folder.ts';
import { createEmbedded } from './create.ts';
import { lockFolder, type FolderLock } from './folder-lock.ts';
import { DatabaseUnavailableError } from '../db/database-unavailable.ts';
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
import { MINUTE_MS } from '../values/units.ts';

/** Nothing is written to a disk. */
export const IN_MEMORY = 'memory://';

/** All statements share one session, so a burst waits in line; a longer wait is an error. */
const ACQUIRE_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** For the whole server with few rows; measured 170. */
const SERVING_MEMORY_MB = 256;
/** The server's statements take milliseconds; the vacuum of a big table on a slow disk may take minutes. */
const FROZEN_AFTER_MS = 10 * MINUTE_MS;

export type EmbeddedHandle = PoolHandle & {
  /** Starts maintenance and watchdog for a server. Call it after the migrations, which may take long. */
  readonly serve: () => void;
  /** Why the database does not work; undefined while it does. */
  readonly fault: () => DatabaseUnavailableError | undefined;
};

/**
 * PostgreSQL inside this process, with its files in `<dataDir>/postgres`; creates them when they are missing.
 *
 * Throws DataDirInUseError while another process (or another open in this one) has the folder, and DiskFullError when
 * there is too little space. When the database stops for good later, its error is thrown uncaught, so that the process
 * ends and its supervisor starts it again: everything acknowledged is there then.
 */
export async function openEmbedded(
  dataDir: string,
  log: OperatorLog,
  acquireMs?: number,
): Promise<EmbeddedHandle> {
  if (dataDir === IN_MEMORY)
    return overEngine(await openEngine(IN_MEMORY, endProcess), undefined, log, acquireMs);
  const path = await makeFolder(dataDir);
  const lock = await lockFolder(path, log);
  try {
    warnOfMemory(SERVING_MEMORY_MB, 'a server with the embedded database', log);
    const folder = databaseFolder(path);
    if (!existsSync(folder)) await createEmbedded(folder, log);
    await closeToOthers(folder, log);
    return overEngine(await openFolder(folder), { lock, folder }, log, acquireMs);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Opens a database folder that no other process knows, without a lock. */
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
  acquireMs = ACQUIRE_TIMEOUT_MS,
): EmbeddedHandle {
  let maintenance: Maintenance | undefined;
  let watchdog: Watchdog | undefined;
  const pool = new pg.Pool({
    Client: embeddedClientClass(engine.db),
    max: 1,
    connectionTimeoutMillis: acquireMs,
    idleTimeoutMillis: 0,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it; its declarations do not say so
    onConnect: async (client: pg.ClientBase) => {
      await resetSession(client);
      await maintenance?.begin(client);
    },
  });
  keepPoolClean(pool, log);
  return {
    pool,
    serve: () => {
      watchdog ??= startWatchdog(FROZEN_AFTER_MS);
      if (place !== undefined) maintenance ??= startMaintenance(pool, place.folder, log);
    },
    fault: () => {
      const stopped = engine.stopped();
      if (stopped !== undefined) return new DatabaseUnavailableError('stopped', stopped.message);
      return maintenance?.isFull() === true
        ? new DatabaseUnavailableError('disk-full', 'the disk is nearly full')
        : undefined;
    },
    close: async () => {
      maintenance?.stop();
      try {
        // A client that is never released must not prevent an orderly close of the files.
        await withTimeout(pool.end(), CLOSE_TIMEOUT_MS).catch((err: unknown) =>
          log.warn({ err }, 'closing the embedded database while a query is still running'),
        );
        await engine.close();
      } finally {
        await watchdog?.stop();
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

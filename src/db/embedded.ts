import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createEmbedded, makeFolder } from './create-embedded.ts';
import { lockDataDir, type DataDirLock } from './data-dir-lock.ts';
import { embeddedClientClass, resetSession } from './embedded-client.ts';
import { openEngine, type Engine } from './embedded-engine.ts';
import { keepUp, type Upkeep } from './embedded-upkeep.ts';
import { requireSpace, WRITES_NEED } from './free-space.ts';
import type { DatabaseLog } from './log.ts';
import { warnOfMemory } from './memory-limit.ts';
import { keepPoolClean } from './pool-hygiene.ts';
import { within } from '../jobs/within.ts';

/** Lives as long as the process: nothing is written. */
export const IN_MEMORY = 'memory://';

/** All statements share one session, so a burst waits in line; longer than this and the caller hears of it. */
const ACQUIRE_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** Of the whole server with few rows; measured 310. */
const SERVING_MEMORY_MB = 384;
/** Statements of ours take milliseconds; the longest, a vacuum or a backup's checksum of a table, seconds. */
const FROZEN_AFTER_MS = 60_000;

export type PoolHandle = { pool: pg.Pool; close: () => Promise<void> };

export type EmbeddedHandle = PoolHandle & {
  /** Undefined in memory. */
  readonly lock: DataDirLock | undefined;
  /** Begins what a server needs that stays open: upkeep, an end to freezes. After the migrations, which may be long. */
  readonly serve: () => void;
  /** Why it cannot do its work; undefined while it can. */
  readonly trouble: () => string | undefined;
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
export async function openEmbedded(dataDir: string, log: DatabaseLog): Promise<EmbeddedHandle> {
  if (dataDir === IN_MEMORY) return overEngine(await openEngine(IN_MEMORY, endProcess), undefined, log);
  const path = await makeFolder(dataDir);
  const lock = await lockDataDir(path, log);
  try {
    warnOfMemory(SERVING_MEMORY_MB, 'a server with the embedded database', log);
    const folder = databaseFolder(path);
    if (!existsSync(folder)) await createEmbedded(folder, log);
    return overEngine(await openFolder(folder), { lock, folder }, log);
  } catch (error) {
    await lock.release();
    throw error;
  }
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
  place: { readonly lock: DataDirLock; readonly folder: string } | undefined,
  log: DatabaseLog,
): EmbeddedHandle {
  let upkeep: Upkeep | undefined;
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
    lock: place?.lock,
    serve: () => {
      engine.endWhenFrozen(FROZEN_AFTER_MS);
      if (place !== undefined) upkeep ??= keepUp(pool, place.folder, log);
    },
    trouble: () => engine.stopped()?.message ?? upkeep?.refusal(),
    close: async () => {
      upkeep?.stop();
      place?.lock.hangUp();
      try {
        // A client that is never given back must not keep the files from being closed in order.
        await within(pool.end(), CLOSE_TIMEOUT_MS).catch((error: unknown) => {
          log.warn({ err: error }, 'Closing the embedded database under a query that has not ended');
        });
        await engine.close();
      } finally {
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

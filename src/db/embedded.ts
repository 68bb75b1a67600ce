import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { lockDataDir } from './data-dir-lock.ts';
import { embeddedClientClass, resetSession } from './embedded-client.ts';
import type { DatabaseLog } from './log.ts';
import { keepPoolClean } from './pool-hygiene.ts';
import { within } from './within.ts';

/** Lives as long as the process: nothing is written. */
export const IN_MEMORY = 'memory://';

/** All statements share one session, so a burst waits in line; longer than this and the caller hears of it. */
const ACQUIRE_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;

export type PoolHandle = { pool: pg.Pool; close: () => Promise<void> };

/**
 * PostgreSQL inside this process, its files in `<dataDir>/postgres`.
 * Throws DataDirInUseError while another process (or another open in this one) has the folder.
 */
export async function openEmbedded(dataDir: string, log: DatabaseLog): Promise<PoolHandle> {
  const lock = dataDir === IN_MEMORY ? undefined : await lockDataDir(await madeFolder(dataDir), log);
  try {
    const db = lock === undefined ? await PGlite.create(IN_MEMORY) : await openFolder(resolve(dataDir), log);
    const pool = new pg.Pool({
      Client: embeddedClientClass(db),
      max: 1,
      connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
      idleTimeoutMillis: 0,
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it; its declarations do not say so
      onConnect: resetSession,
    });
    keepPoolClean(pool, log);
    return {
      pool,
      close: async () => {
        try {
          // A client that is never given back must not keep the files from being closed in order.
          await within(pool.end(), CLOSE_TIMEOUT_MS).catch((error: unknown) => {
            log.warn({ err: error }, 'Closing the embedded database under a query that has not ended');
          });
          await db.close();
        } finally {
          await lock?.release();
        }
      },
    };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

async function madeFolder(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 }); // people's data: nobody else's to read
  return resolve(dataDir);
}

async function openFolder(dataDir: string, log: DatabaseLog): Promise<PGlite> {
  const folder = join(dataDir, 'postgres');
  if (!existsSync(folder)) await createFolder(folder, log);
  try {
    return await PGlite.create(folder);
  } catch (error) {
    throw new Error(`The embedded database in ${folder} cannot be opened`, { cause: error });
  }
}

/**
 * The first start writes about a thousand files. They are written beside the final name and renamed, so that a start
 * that was killed half-way is begun again instead of opening half a database.
 */
async function createFolder(folder: string, log: DatabaseLog): Promise<void> {
  const unfinished = `${folder}.new`;
  log.info({ folder }, 'Creating the embedded database; this happens once and takes some seconds');
  await rm(unfinished, { recursive: true, force: true });
  const db = await PGlite.create(unfinished);
  await db.close();
  await rename(unfinished, folder);
}

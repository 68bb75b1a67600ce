import type pg from 'pg';
import type { DatabaseUnavailableError } from './db/database-unavailable.ts';
import type { OperatorLog } from './log/log.ts';
import type { PrismaClient } from './generated/prisma/client.ts';
import { isMigrated, migrate } from './db/migrations/migrate.ts';
import { readMigrations } from './db/migrations/migration-files.ts';
import { openPostgres, withOwnClient } from './db/postgres.ts';
import { prismaOnUse } from './db/prisma-on-use.ts';
import { optimizeWasmLate } from './embedded/wasm-tiering.ts';
import { withTimeout } from './async/with-timeout.ts';

const PING_TIMEOUT_MS = 2_000;
const DEFAULT_POOL_SIZE = 10;

export type DatabaseOptions = {
  /** A PostgreSQL URL. Without it the database is embedded in this process. */
  databaseUrl?: string | undefined;
  /** Folder of the embedded database, or 'memory://'. Ignored with a URL. */
  dataDir: string;
  /** Maximum of connections to PostgreSQL. The embedded database has one. */
  poolSize?: number | undefined;
  timeouts?: DatabaseTimeouts;
  log: OperatorLog;
};

/** In milliseconds; of a ping, and of the wait for a connection. */
type DatabaseTimeouts = { readonly pingMs?: number; readonly acquireMs?: number };

export type Database = {
  kind: 'embedded' | 'postgres';
  prisma: PrismaClient;
  /** For SQL that Prisma cannot express. Clients of `pool.connect()` must be released, also after an error. */
  pool: pg.Pool;
  /** Throws when the database does not answer within two seconds, and DatabaseUnavailableError when it takes no writes. */
  ping: () => Promise<void>;
  /** Waits a few seconds for running queries; safe to call twice. */
  close: () => Promise<void>;
};

type Opened = Pick<Database, 'kind' | 'pool' | 'close'> & {
  /** Why the database does not work; undefined when no fault is known. */
  readonly fault: () => DatabaseUnavailableError | undefined;
};

/**
 * Opens the database and migrates it; several instances may do so at once.
 *
 * Throws DataDirInUseError (a running process uses the folder), DiskFullError, MigrationError (the message names the
 * migration and the repair) or the driver's error (no answer, wrong password).
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDir, log, timeouts: { pingMs = PING_TIMEOUT_MS, acquireMs } = {} } = options;
  optimizeWasmLate();
  const migrations = await readMigrations();

  if (databaseUrl !== undefined) {
    const { pool, close } = openPostgres(databaseUrl, options.poolSize ?? DEFAULT_POOL_SIZE, log, acquireMs);
    try {
      if (!(await isMigrated(pool, migrations, log)))
        await withOwnClient(databaseUrl, (client) => migrate(client, migrations, log));
    } catch (error) {
      await close();
      throw error;
    }
    return overPool({ kind: 'postgres', pool, close, fault: () => undefined }, pingMs);
  }

  // Loaded on use: PGlite's code is large.
  const { openEmbedded } = await import('./embedded/database.ts');
  const { pool, close, serve, fault } = await openEmbedded(dataDir, log, acquireMs);
  try {
    const client = await pool.connect();
    try {
      if (!(await isMigrated(client, migrations, log))) await migrate(client, migrations, log);
    } finally {
      client.release(true); // drops the migration's settings
    }
    serve();
    return overPool({ kind: 'embedded', pool, close, fault }, pingMs);
  } catch (error) {
    await close();
    throw error;
  }
}

/** A database that is open and migrated. */
export function overPool({ kind, pool, close, fault }: Opened, pingMs = PING_TIMEOUT_MS): Database {
  const { prisma, disconnect } = prismaOnUse(pool);
  let pinging: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  return {
    kind,
    prisma,
    pool,
    // Probes come about every second: while one waits for a silent database, the others share its answer.
    ping: () => (pinging ??= ping(pool, fault, pingMs).finally(() => (pinging = undefined))),
    close: () =>
      (closing ??= (async () => {
        await disconnect();
        await close();
      })()),
  };
}

async function ping(pool: pg.Pool, fault: Opened['fault'], timeoutMs: number): Promise<void> {
  const known = fault();
  if (known !== undefined) throw known;
  // query_timeout is missing in pg's types; it closes a connection that does not answer.
  const query = { text: 'SELECT 1', query_timeout: timeoutMs };
  await withTimeout(pool.query(query), timeoutMs);
}

import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { PrismaClient } from './generated/prisma/client.ts';
import type { DatabaseTroubleError } from './db/database-trouble.ts';
import { openEmbedded } from './embedded/database.ts';
import type { OperatorLog } from './log/log.ts';
import { migrate } from './db/migrations/migrate.ts';
import { readMigrations } from './db/migrations/migration-files.ts';
import { openPostgres, withOwnClient } from './db/postgres.ts';
import { withTimeout } from './async/with-timeout.ts';

export const PING_TIMEOUT_MS = 2_000;
const DEFAULT_POOL_SIZE = 10;
/** How long a transaction waits for a connection, and how long it may then run, before it is rolled back. */
const TRANSACTION_OPTIONS = { maxWait: 10_000, timeout: 10_000 };

export type DatabaseOptions = {
  /** A PostgreSQL URL. Without it the database is embedded in this process. */
  databaseUrl?: string | undefined;
  /** Folder of the embedded database, or 'memory://'. Not read when there is a URL. */
  dataDir: string;
  /** Connections to PostgreSQL at most. The embedded database has one. */
  poolSize?: number | undefined;
  log: OperatorLog;
};

export type Database = {
  kind: 'embedded' | 'postgres';
  prisma: PrismaClient;
  /** For SQL that Prisma has no words for. `pool.connect()` clients must be released, also after an error. */
  pool: pg.Pool;
  /** Throws when the database has not answered within PING_TIMEOUT_MS, and DatabaseTroubleError when it takes no writes. */
  ping: () => Promise<void>;
  /** Waits a few seconds for running queries; safe to call twice. */
  close: () => Promise<void>;
};

type Opened = Pick<Database, 'kind' | 'pool' | 'close'> & {
  /** Why it cannot do its work; undefined while nothing is known against it. */
  readonly trouble: () => DatabaseTroubleError | undefined;
};

/**
 * Opens the database and brings its tables up to date; several instances may do so at once.
 *
 * Throws DataDirInUseError (the folder belongs to a running process), DiskFullError, MigrationError (the tables cannot be brought up
 * to date; the message says which migration and what to do) or the driver's error (nobody answers, wrong password).
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDir, log } = options;
  const migrations = await readMigrations();

  if (databaseUrl !== undefined) {
    await withOwnClient(databaseUrl, (client) => migrate(client, migrations, log));
    const { pool, close } = openPostgres(databaseUrl, options.poolSize ?? DEFAULT_POOL_SIZE, log);
    return overPool({ kind: 'postgres', pool, close, trouble: () => undefined });
  }

  const { pool, close, serve, trouble } = await openEmbedded(dataDir, log);
  try {
    const client = await pool.connect();
    try {
      await migrate(client, migrations, log);
    } finally {
      client.release(true); // the next client starts with the settings the session was opened with
    }
    serve();
    return overPool({ kind: 'embedded', pool, close, trouble });
  } catch (error) {
    await close();
    throw error;
  }
}

function overPool({ kind, pool, close, trouble }: Opened): Database {
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), transactionOptions: TRANSACTION_OPTIONS });
  let pinging: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  return {
    kind,
    prisma,
    pool,
    // Probes come every second or so: while one waits for a silent database the others share its answer.
    ping: () => (pinging ??= ping(pool, trouble).finally(() => (pinging = undefined))),
    close: () =>
      (closing ??= (async () => {
        await prisma.$disconnect();
        await close();
      })()),
  };
}

async function ping(pool: pg.Pool, trouble: Opened['trouble']): Promise<void> {
  const known = trouble();
  if (known !== undefined) throw known;
  // query_timeout is missing from pg's type declarations; it closes a connection that does not answer.
  const query = { text: 'SELECT 1', query_timeout: PING_TIMEOUT_MS };
  await withTimeout(pool.query(query), PING_TIMEOUT_MS);
}

import pg from 'pg';
import type { OperatorLog } from '../log/log.ts';
import { keepPoolClean } from './pool-hooks.ts';
import { withTimeout } from '../async/with-timeout.ts';
import { SECOND_MS } from '../values/units.ts';

export type PoolHandle = { pool: pg.Pool; close: () => Promise<void> };

/** For a free or new connection; node-postgres waits for ever by default. */
export const ACQUIRE_TIMEOUT_MS = 5 * SECOND_MS;
const IDLE_TIMEOUT_MS = 30 * SECOND_MS;
/** After this the server cancels a statement … */
const STATEMENT_TIMEOUT_MS = 15 * SECOND_MS;
/** … and after this we give the connection up: it is silent (cut cable, dead host). */
const ANSWER_TIMEOUT_MS = 20 * SECOND_MS;
/** The row locks of an instance that vanished inside a transaction last this long at most. */
const IDLE_IN_TRANSACTION_MS = 30 * SECOND_MS;
const KEEP_ALIVE_DELAY_MS = 10 * SECOND_MS;
const CLOSE_TIMEOUT_MS = 5 * SECOND_MS;

/** Shared by the pool and the migration's own connection. */
function connectionConfig(databaseUrl: string, acquireMs = ACQUIRE_TIMEOUT_MS): pg.ClientConfig {
  return {
    connectionString: databaseUrl,
    application_name: 'likeness',
    connectionTimeoutMillis: acquireMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  };
}

/** `poolSize` is the maximum of open connections. Connects when first used. */
export function openPostgres(
  databaseUrl: string,
  poolSize: number,
  log: OperatorLog,
  acquireMs?: number,
): PoolHandle {
  const pool = new pg.Pool({
    ...connectionConfig(databaseUrl, acquireMs),
    max: poolSize,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it; its declarations do not say so
    onConnect: useUtc,
  });
  keepPoolClean(pool, log);
  return {
    pool,
    close: async () => {
      await withTimeout(pool.end(), CLOSE_TIMEOUT_MS).catch((error: unknown) => {
        log.warn({ err: error }, 'closing the database connections while a query is still running');
      });
    },
  };
}

/** Runs `work` on a connection of its own, without the pool's time limits. */
export async function withOwnClient<T>(
  databaseUrl: string,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(connectionConfig(databaseUrl));
  // A broken connection fails its query; the event only repeats that.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Prisma's adapter reads every timestamptz as UTC and drops the offset: in a session with another time zone each
 * timestamp would be shifted.
 */
async function useUtc(client: pg.ClientBase): Promise<void> {
  await client.query("SET TIME ZONE 'UTC'");
}

import type pg from 'pg';
import { freeSpace, WRITES_NEED } from './free-space.ts';
import { runEvery } from '../async/run-every.ts';
import { MINUTE_MS } from '../values/units.ts';
import type { OperatorLog } from '../log/log.ts';

const SPACE_CHECK_MS = 1_000;
/** PostgreSQL's own interval of checkpoints and of autovacuum rounds. */
const TIDY_MS = 5 * MINUTE_MS;

export type Maintenance = {
  /** True while the database takes no writes for want of disk space. */
  readonly isFull: () => boolean;
  /** Gives a new connection the current settings. */
  readonly begin: (client: pg.ClientBase) => Promise<void>;
  readonly stop: () => void;
};

/**
 * Does the work of PostgreSQL's background processes, which PGlite does not have.
 *
 * Checkpoint and vacuum: without checkpoints the write-ahead log would grow by all that is written (measured) and with
 * it the time of the next start; without a vacuum dead rows would stay and the planner would have no statistics. Each
 * table is a statement of its own, so that other statements run in between.
 *
 * Disk space: while less than WRITES_NEED bytes are free, transactions are read-only. Statements that write fail, and the
 * database stays whole. A log that cannot be extended would stop the database for good (engine.ts).
 */
export function startMaintenance(
  pool: pg.Pool,
  folder: string,
  log: OperatorLog,
  { tidyMs = TIDY_MS }: { readonly tidyMs?: number } = {},
): Maintenance {
  let isFull = false;
  /** The setting that the session has. */
  let isReadOnly = false;

  const apply = (client: pg.ClientBase | pg.Pool) =>
    client.query(`SET default_transaction_read_only = ${isFull ? 'on' : 'off'}`);

  const checkSpace = async (): Promise<void> => {
    const freeBytes = await freeSpace(folder);
    isFull = freeBytes < WRITES_NEED;
    if (isFull === isReadOnly) return;
    const wanted = isFull;
    // Fails while the one session is busy; the next check tries again.
    await apply(pool);
    isReadOnly = wanted;
    const fields = { folder, freeBytes, neededBytes: WRITES_NEED };
    if (wanted) log.error(fields, 'disk nearly full: the embedded database is read-only');
    else log.info(fields, 'disk space available: the embedded database is writable again');
  };

  const tidy = async (): Promise<void> => {
    if (!isFull)
      for (const table of await readEveryTable(pool)) await pool.query(`VACUUM (ANALYZE) ${table}`);
    await pool.query('CHECKPOINT');
  };

  const repeat = (work: () => Promise<void>, intervalMs: number, failure: string) =>
    runEvery(
      async (stop) => {
        await work().catch((err: unknown) => {
          if (!stop.aborted) log.warn({ err }, failure);
        });
      },
      { intervalMs, log },
    );
  const loops = [
    repeat(checkSpace, SPACE_CHECK_MS, 'check of the free disk space failed; retrying'),
    repeat(tidy, tidyMs, 'vacuum of the embedded database failed; retrying'),
  ];
  return {
    isFull: () => isFull,
    begin: async (client) => {
      if (isFull) await apply(client);
    },
    stop: () => {
      // A vacuum under way is left to the end of the pool.
      for (const loop of loops) void loop.stop();
    },
  };
}

/** Including PostgreSQL's own tables: a vacuum's notes in them leave dead rows there. */
async function readEveryTable(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND c.relpersistence = 'p'`,
  );
  return rows.map(({ name }) => name);
}

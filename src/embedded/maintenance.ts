import type pg from 'pg';
import { freeSpace, WRITES_NEED } from './free-space.ts';
import type { OperatorLog } from '../log/log.ts';

const SPACE_CHECK_MS = 1_000;
/** PostgreSQL's own pace, of checkpoints and of a round of its autovacuum. */
const TIDY_MS = 5 * 60_000;

export type Maintenance = {
  /** Whether nothing is written at present, for want of room. */
  readonly isFull: () => boolean;
  /** For each new connection: it begins as the others are. */
  readonly begin: (client: pg.ClientBase) => Promise<void>;
  readonly stop: () => void;
};

/**
 * What PostgreSQL's background processes would do, and PGlite, which has none, does not.
 *
 * Tidying: a checkpoint, without which the log of writes would grow for as long as the process runs (measured: by as
 * much as is written) and so would the next start; and a vacuum, without which neither dead rows are cleared away nor
 * statistics for the planner kept. Each table is a statement of its own, so that others get their turn in between.
 *
 * Room: while less than WRITES_NEED bytes are free, transactions are read-only, which every statement that would write
 * is told, and the database stays whole. A log that cannot be extended stops the database for good (embedded-engine.ts).
 */
export function startMaintenance(
  pool: pg.Pool,
  folder: string,
  log: OperatorLog,
  { tidyMs = TIDY_MS }: { readonly tidyMs?: number } = {},
): Maintenance {
  /** As it is, and as the database was last told. */
  let isFull = false;
  let isReadOnly = false;

  const apply = (client: pg.ClientBase | pg.Pool) =>
    client.query(`SET default_transaction_read_only = ${isFull ? 'on' : 'off'}`);

  const checkSpace = async (): Promise<void> => {
    const free = await freeSpace(folder);
    isFull = free < WRITES_NEED;
    if (isFull === isReadOnly) return;
    const wanted = isFull;
    // Tried again with the next look when the one session is busy for too long.
    await apply(pool);
    isReadOnly = wanted;
    const facts = { folder, freeBytes: free, neededBytes: WRITES_NEED };
    if (wanted)
      log.error(facts, 'The disk is nearly full: the embedded database takes no writes until there is room');
    else log.info(facts, 'There is room on the disk again: the embedded database takes writes');
  };

  const tidy = async (): Promise<void> => {
    if (!isFull)
      for (const table of await readEveryTable(pool)) await pool.query(`VACUUM (ANALYZE) ${table}`);
    await pool.query('CHECKPOINT');
  };

  const loops = [
    repeat(checkSpace, SPACE_CHECK_MS, (err) =>
      log.warn({ err }, 'The embedded database could not be told how much room there is'),
    ),
    repeat(tidy, tidyMs, (err) => log.warn({ err }, 'The embedded database could not be tidied')),
  ];
  return {
    isFull: () => isFull,
    begin: async (client) => {
      if (isFull) await apply(client);
    },
    stop: () => {
      for (const stop of loops) stop();
    },
  };
}

/** PostgreSQL's own too: what a vacuum notes in them leaves dead rows there. */
async function readEveryTable(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND c.relpersistence = 'p'`,
  );
  return rows.map(({ name }) => name);
}

/** Runs it again and again, `everyMs` after it has ended. Does not keep the process alive. */
function repeat(work: () => Promise<void>, everyMs: number, failed: (error: unknown) => void): () => void {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    if (!isStopped) timer = setTimeout(() => void run(), everyMs).unref();
  };
  const run = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isStopped) failed(error);
    }
    wait();
  };
  wait();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

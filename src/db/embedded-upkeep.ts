import type pg from 'pg';
import type { Copies } from './copies.ts';
import { COPIES_LEAVE, freeSpace, WRITES_NEED } from './free-space.ts';
import { inSession } from './in-session.ts';
import type { DatabaseLog } from './log.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { within } from '../jobs/within.ts';

/** While there are copies, the log is not cut back: it can take much room within a second. */
export const SPACE_CHECK_MS = 200;
/** A copy whose turn has not come yet hears of it only then; the looks go on. */
const TAKE_BACK_MS = 1_000;

const UNTIDY = 'The embedded database could not be tidied';
/** PostgreSQL's own pace, of checkpoints and of a round of its autovacuum. */
export const TIDY_MS = 5 * 60_000;

/** Does work whose every statement may take long. */
export type Patiently = <T>(work: () => Promise<T>) => Promise<T>;

export type UpkeepOptions = {
  readonly spaceCheckMs?: number;
  readonly tidyMs?: number;
  readonly patiently?: Patiently;
  /** Of this database. */
  readonly copies?: Copies | undefined;
};

export type Upkeep = {
  /** Whether nothing is written at present, for want of room. */
  readonly isFull: () => boolean;
  /** For each new connection: it begins as the others are. */
  readonly begin: (client: pg.ClientBase) => Promise<void>;
  /** Does work during which nothing is tidied. */
  readonly untidied: <T>(work: () => Promise<T>) => Promise<T>;
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
 * Before that, copies made for backups are taken back.
 *
 * @param options.patiently does what may take long, a vacuum of a big table or a checkpoint of many changes
 */
export function keepUp(
  pool: pg.Pool,
  folder: string,
  log: DatabaseLog,
  { spaceCheckMs = SPACE_CHECK_MS, tidyMs = TIDY_MS, patiently = atOnce, copies }: UpkeepOptions = {},
): Upkeep {
  const inTurn = oneAtATime();
  /** As it is, and as the database was last told. */
  let isFull = false;
  let isReadOnly = false;

  const apply = (client: pg.ClientBase | pg.Pool) =>
    client.query(`SET default_transaction_read_only = ${isFull ? 'on' : 'off'}`);

  const run = (sql: string) => inSession(pool, (client) => patiently(() => client.query(sql)));

  const takeCopiesBack = async (held: Copies, free: number): Promise<void> => {
    log.warn({ folder, freeBytes: free }, 'The disk is nearly full: a copy made for a backup is taken back');
    const takenBack = held.takeBack(
      new Error('the disk is nearly full, and the server needs the room itself'),
    );
    await within(takenBack, TAKE_BACK_MS).catch((err: unknown) =>
      log.warn({ err }, 'The copy is not gone yet'),
    );
    inTurn(() => run('CHECKPOINT')).catch((err: unknown) => log.warn({ err }, UNTIDY)); // it cuts back the log
  };

  const checkSpace = async (): Promise<void> => {
    let free = await freeSpace(folder);
    if (copies?.any === true && free < COPIES_LEAVE) {
      await takeCopiesBack(copies, free);
      free = await freeSpace(folder);
    }
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
    if (!isFull) for (const table of await readEveryTable(pool)) await run(`VACUUM (ANALYZE) ${table}`);
    await run('CHECKPOINT');
  };

  const loops = [
    repeat(checkSpace, spaceCheckMs, (err) =>
      log.warn({ err }, 'The embedded database could not be told how much room there is'),
    ),
    repeat(
      () => inTurn(tidy),
      tidyMs,
      (err) => log.warn({ err }, UNTIDY),
    ),
  ];
  return {
    isFull: () => isFull,
    begin: async (client) => {
      if (isFull) await apply(client);
    },
    untidied: inTurn,
    stop: () => {
      for (const stop of loops) stop();
    },
  };
}

export async function atOnce<T>(work: () => Promise<T>): Promise<T> {
  return work();
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

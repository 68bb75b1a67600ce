import { PGlite } from '@electric-sql/pglite';
import { LOG_TAKES } from './free-space.ts';
import { optimizeWasmLate } from './wasm-tiering.ts';

/**
 * PGlite's own parameters and ours. Its default buffers take 164 MB at once; a page that is not in these is in the
 * system's cache. A checkpoint cuts the write-ahead log back to about `max_wal_size`.
 */
const START_PARAMS: string[] = [
  ...PGlite.defaultStartParams,
  ...['shared_buffers=16MB', 'min_wal_size=32MB', `max_wal_size=${LOG_TAKES / 1024}kB`].flatMap((setting) => [
    '-c',
    setting,
  ]),
];

/** The severities of errors after which PostgreSQL does not go on. */
const ENDING = new Set(['PANIC', 'FATAL']);

/** The embedded database has stopped; only a restart of the process helps. Everything committed is safe. */
class EmbeddedStoppedError extends Error {
  override name = 'EmbeddedStoppedError';

  constructor(reason: string) {
    super(
      `The embedded database has stopped: ${reason}. No acknowledged write is lost. Remove the cause (if the disk is full, ` +
        `free some space) and start again.`,
    );
  }
}

export type Engine = {
  readonly db: PGlite;
  /** Why the database no longer answers; undefined while it does. */
  readonly stopped: () => EmbeddedStoppedError | undefined;
  readonly close: () => Promise<void>;
};

/**
 * Opens a database folder, or one in memory.
 *
 * After a PANIC (the write-ahead log cannot be written because the disk is full) PGlite's next statement would never
 * return and freeze the process. So none is sent after one: later statements fail at once, and `onStopped` is called.
 */
export async function openEngine(
  folder: string,
  onStopped: (error: EmbeddedStoppedError) => void,
): Promise<Engine> {
  optimizeWasmLate();
  const db = await PGlite.create(folder, { startParams: START_PARAMS });
  let stopped: EmbeddedStoppedError | undefined;

  const execute = db.execProtocolStream.bind(db);
  db.execProtocolStream = async (message, options) => {
    if (stopped !== undefined) throw stopped;
    const answers = await execute(message, options);
    for (const answer of answers) {
      if (!isEnd(answer)) continue;
      stopped ??= new EmbeddedStoppedError(answer.message);
      onStopped(stopped);
    }
    return answers;
  };

  return {
    db,
    stopped: () => stopped,
    close: async () => {
      if (stopped === undefined) await db.close(); // closing is a statement too
    },
  };
}

function isEnd(answer: object): answer is { message: string } {
  return (
    'severity' in answer &&
    typeof answer.severity === 'string' &&
    ENDING.has(answer.severity) &&
    'message' in answer
  );
}

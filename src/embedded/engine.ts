import { PGlite } from '@electric-sql/pglite';
import { LOG_TAKES } from './free-space.ts';

/**
 * PGlite's own parameters and ours. It would take 164 MB for its buffers, all of which come to be used; what one
 * process serves does with a fifth. Its log of writes is cut back at each checkpoint to about `max_wal_size`.
 */
const START_PARAMS: string[] = [
  ...PGlite.defaultStartParams,
  ...['shared_buffers=32MB', 'min_wal_size=32MB', `max_wal_size=${LOG_TAKES / 1024}kB`].flatMap((setting) => [
    '-c',
    setting,
  ]),
];

/** PostgreSQL's words for an error after which it does not go on. */
const ENDS_IT = new Set(['PANIC', 'FATAL']);

/** The embedded database has stopped; only a restart of the process brings it back. What it had committed is safe. */
export class EmbeddedStoppedError extends Error {
  override name = 'EmbeddedStoppedError';

  constructor(reason: string) {
    super(
      `The embedded database has stopped: ${reason}. Everything it acknowledged is kept; mend the cause (a full disk: ` +
        `make space) and start again.`,
    );
  }
}

export type Engine = {
  readonly db: PGlite;
  /** Why it no longer answers; undefined while it does. */
  readonly stopped: () => EmbeddedStoppedError | undefined;
  readonly close: () => Promise<void>;
};

/**
 * Opens a database folder, or one in memory.
 *
 * PGlite dies inside: after a PANIC (its log of writes cannot be written: the disk is full) the next statement would
 * never return and take the whole process with it. So none is sent after one: every later statement fails at once, and
 * `onStopped` is told.
 */
export async function openEngine(
  folder: string,
  onStopped: (error: EmbeddedStoppedError) => void,
): Promise<Engine> {
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
    ENDS_IT.has(answer.severity) &&
    'message' in answer
  );
}

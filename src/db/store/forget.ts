/** Rows a statement: a long one blocks the embedded database and exceeds PostgreSQL's statement timeout. */
const FORGOTTEN_AT_ONCE = 5000;

/**
 * Repeats a deletion of old rows until none is left, or until `stop`: after a long downtime there may be many.
 *
 * @param forget deletes at most `limit` rows, and resolves with their number
 */
export async function forgetAll(
  forget: (limit: number) => Promise<number>,
  stop: AbortSignal,
): Promise<void> {
  let forgotten: number;
  do forgotten = await forget(FORGOTTEN_AT_ONCE);
  while (forgotten === FORGOTTEN_AT_ONCE && !stop.aborted);
}

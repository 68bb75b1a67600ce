/** The longest a timer can run, in milliseconds; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `end` when a token expires, at once if it has. Returns what calls it off.
 *
 * @param expiresAt milliseconds of Unix time; null: never
 */
export function atExpiry(expiresAt: number | null, end: () => void): () => void {
  if (expiresAt === null) return () => undefined;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const leftMs = expiresAt - Date.now();
    // A token of a year outlives any timer, so the wait is taken in pieces.
    timer = leftMs > MAX_TIMER_MS ? setTimeout(arm, MAX_TIMER_MS) : setTimeout(end, Math.max(leftMs, 0));
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}

/** Longest delay of a timer in milliseconds; a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `end` when a token expires, in the next turn if it has expired. Returns a function that cancels the call.
 *
 * @param expiresAt milliseconds of Unix time; null: never
 */
export function atExpiry(expiresAt: number | null, end: () => void): () => void {
  if (expiresAt === null) return () => undefined;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const leftMs = expiresAt - Date.now();
    timer = leftMs > MAX_TIMER_MS ? setTimeout(arm, MAX_TIMER_MS) : setTimeout(end, Math.max(leftMs, 0));
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}

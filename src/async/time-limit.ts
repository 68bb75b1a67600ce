type TimeLimit = { readonly signal: AbortSignal; readonly end: () => void };

/**
 * A signal that aborts after a time, or with another signal; call `end` when the work is done. AbortSignal.any() does not
 * keep an AbortSignal.timeout() in memory, and one that is collected never aborts.
 */
export function timeLimit(ms: number, other: AbortSignal | undefined): TimeLimit {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new DOMException(`timed out after ${ms} ms`, 'TimeoutError')),
    ms,
  );
  const signal = other === undefined ? late.signal : AbortSignal.any([late.signal, other]);
  return { signal, end: () => clearTimeout(timer) };
}

type TimeLimit = { readonly signal: AbortSignal; readonly end: () => void };

/**
 * A signal that aborts after a time, or with another signal; call `end` when the work is done. The other signal may live as
 * long as the process, and AbortSignal.any() would leave something on it at every call.
 */
export function timeLimit(ms: number, other: AbortSignal | undefined): TimeLimit {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException(`timed out after ${ms} ms`, 'TimeoutError')),
    ms,
  );
  const stop = () => controller.abort(other?.reason);
  if (other?.aborted === true) stop();
  else other?.addEventListener('abort', stop, { once: true });
  const end = () => {
    clearTimeout(timer);
    other?.removeEventListener('abort', stop);
  };
  return { signal: controller.signal, end };
}

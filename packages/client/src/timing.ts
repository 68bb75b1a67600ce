/** Delays and time limits in milliseconds. */
export type Timing = {
  /** Time limit for a WebSocket to be accepted, for the first byte of an event stream, and for the answer to a ping. */
  readonly connectMs: number;
  /** Interval of pings over the WebSocket. */
  readonly pingMs: number;
  /** Time without a byte after which an event stream counts as lost: the server sends one every 12 seconds. */
  readonly silenceMs: number;
  /** Interval between two polls. */
  readonly pollMs: number;
  /** Time limit for the answer to a poll. */
  readonly answerMs: number;
  /** Longest delay before the first reconnection; it doubles with every failure. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Time after which a transport that did not work is tried again; it doubles with every failure. */
  readonly retryTransportMs: number;
  readonly maxRetryTransportMs: number;
};

export const TIMING: Timing = {
  connectMs: 5000,
  pingMs: 10_000,
  silenceMs: 30_000,
  pollMs: 2000,
  answerMs: 10_000,
  backoffMs: 1000,
  maxBackoffMs: 30_000,
  retryTransportMs: 30_000,
  maxRetryTransportMs: 600_000,
};

/** A random delay, so that many clients do not return at the same moment. */
export function backoff({ backoffMs, maxBackoffMs }: Timing, failures: number): number {
  return Math.random() * Math.min(backoffMs * 2 ** failures, maxBackoffMs);
}

/** Resolves after the time, or when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

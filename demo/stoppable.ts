/** Why the demo stops early. */
export type StopReason =
  | { readonly kind: 'signal'; readonly name: 'SIGINT' | 'SIGTERM' }
  | { readonly kind: 'deadline'; readonly seconds: number }
  | { readonly kind: 'output-closed' }
  | { readonly kind: 'fault'; readonly error: unknown };

export class Stopped extends Error {
  readonly reason: StopReason;
  /** The name of the pending work. */
  readonly waitingFor: string;

  constructor(reason: StopReason, waitingFor: string) {
    super(`Stopped while waiting for ${waitingFor}`);
    this.reason = reason;
    this.waitingFor = waitingFor;
  }
}

/** Waits for named work. Rejects with Stopped as soon as the demo stops. */
export type Wait = <T>(waitingFor: string, work: Promise<T>) => Promise<T>;

/** @param signal whose reason is a StopReason */
export function createWait(signal: AbortSignal): Wait {
  return async (waitingFor, work) => {
    const settled = new AbortController();
    const stopped = new Promise<never>((_, reject) => {
      const stop = () => {
        reject(new Stopped(signal.reason as StopReason, waitingFor));
      };
      signal.addEventListener('abort', stop, { signal: settled.signal });
      if (signal.aborted) stop();
    });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      settled.abort();
    }
  };
}

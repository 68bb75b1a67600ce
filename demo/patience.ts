/** Why the demo ends before its story does. */
export type StopReason =
  | { readonly kind: 'signal'; readonly name: 'SIGINT' | 'SIGTERM' }
  | { readonly kind: 'deadline'; readonly seconds: number }
  | { readonly kind: 'output-closed' }
  | { readonly kind: 'fault'; readonly error: unknown };

export class Stopped extends Error {
  readonly reason: StopReason;
  /** What it was waiting for when it was stopped. */
  readonly waitingFor: string;

  constructor(reason: StopReason, waitingFor: string) {
    super(`Stopped while waiting for ${waitingFor}`);
    this.reason = reason;
    this.waitingFor = waitingFor;
  }
}

/** Waits for work that has a name. Rejects with Stopped as soon as the demo is stopped, whatever the work does. */
export type Patience = <T>(waitingFor: string, work: Promise<T>) => Promise<T>;

/** @param signal whose reason is a StopReason */
export function createPatience(signal: AbortSignal): Patience {
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

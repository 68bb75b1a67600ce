export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Runs at most `most` tasks at once, in the order of the calls. Waiting tasks are rejected when `signal` aborts.
 */
export function createSemaphore(most: number, signal: AbortSignal): Semaphore {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      // The next task takes over the permit.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

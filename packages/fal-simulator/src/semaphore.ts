export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Lets at most `most` pieces of work go on at once; the others wait in the order they came. Work that has not begun
 * when `signal` aborts is refused.
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
      // Whoever is next takes over the place.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

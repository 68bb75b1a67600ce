import DataLoader from 'dataloader';

/**
 * Makes a function of one key out of one of many. It batches the calls of one turn of the event loop, and of the time
 * until one of the running batches ends: thousands of watchers that wake together after an outage cause some ten
 * queries. Nothing is cached: a read begins after its call.
 *
 * @param readAll the values in the order of the keys
 */
export function batched<Key, Value>(
  readAll: (keys: readonly Key[]) => Promise<readonly Value[]>,
  {
    maxBatchSize,
    maxConcurrent = 2,
    waitMs = 0,
  }: {
    readonly maxBatchSize: number;
    readonly maxConcurrent?: number;
    /** For results that nobody waits for: batches the calls of this time. */
    readonly waitMs?: number;
  },
): (key: Key) => Promise<Value> {
  /** Complete batches that wait for a running one; DataLoader has no limit of concurrent batches. */
  const ready: (() => void)[] = [];
  let running = 0;
  const startNext = () => {
    if (running < maxConcurrent) ready.shift()?.();
  };

  async function readBatch(keys: readonly Key[]): Promise<readonly Value[]> {
    running += 1;
    try {
      return await readAll(keys);
    } finally {
      running -= 1;
      startNext();
    }
  }

  const loader = new DataLoader(readBatch, {
    cache: false,
    maxBatchSize,
    // DataLoader's default batches one callback's reads; every socket has a callback of its own.
    batchScheduleFn: (dispatch) => {
      const start = () => {
        ready.push(dispatch);
        startNext();
      };
      if (waitMs === 0) setImmediate(start);
      else setTimeout(start, waitMs);
    },
  });
  return (key) => loader.load(key);
}

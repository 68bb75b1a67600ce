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
    aloneMs = 0,
    waitMs = 0,
  }: {
    readonly maxBatchSize: number;
    readonly maxConcurrent?: number;
    /** For this long a batch runs alone, so that the next one gets larger. */
    readonly aloneMs?: number;
    /** For results that nobody waits for: batches the calls of this time. */
    readonly waitMs?: number;
  },
): (key: Key) => Promise<Value> {
  /** Complete batches that wait for a running one; DataLoader has no limit of concurrent batches. */
  const ready: (() => void)[] = [];
  let occupied = 0;
  const startNext = () => {
    if (occupied < maxConcurrent) ready.shift()?.();
  };

  async function readBatch(keys: readonly Key[]): Promise<readonly Value[]> {
    // One that runs alone occupies all places.
    let places = aloneMs === 0 ? 1 : maxConcurrent;
    occupied += places;
    const leave = (left: number) => {
      occupied -= places - left;
      places = left;
      startNext();
    };
    const alone = aloneMs === 0 ? undefined : setTimeout(() => leave(1), aloneMs);
    try {
      return await readAll(keys);
    } finally {
      clearTimeout(alone);
      leave(0);
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

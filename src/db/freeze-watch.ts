import { Worker } from 'node:worker_threads';

export type FreezeWatch = {
  /** Before a statement that runs inside this thread … */
  enter(): void;
  /** … and after it. */
  leave(): void;
  /** From now on a statement may take `times` as long as the limit. */
  allow(times: number): void;
  stop(): Promise<void>;
};

/** So many looks make up the limit. A process that was suspended misses looks and is not ended for it. */
const LOOKS = 10;

/**
 * A thread that ends the process when the main thread has been inside one statement for `limitMs`.
 *
 * The embedded database runs in the main thread. Where it never returns, nothing else runs there either: no timer, no
 * signal, no answer to a probe. A process that is gone is started again by whoever watches over it; a frozen one keeps
 * its port and its data. It is killed (SIGKILL), because the main thread can no longer end itself; a line in the log's
 * form says so first.
 */
export function watchForFreezes(limitMs: number): FreezeWatch {
  const statements = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const allowed = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(LOOKS);
  const workerData = { statements, allowed, everyMs: limitMs / LOOKS };
  const worker = new Worker(WATCHER, { eval: true, workerData });
  worker.unref();
  return {
    // Odd while a statement runs, and another number for each.
    enter: () => void Atomics.add(statements, 0, 1),
    leave: () => void Atomics.add(statements, 0, 1),
    allow: (times) => void Atomics.store(allowed, 0, LOOKS * times),
    stop: async () => {
      await worker.terminate();
    },
  };
}

/** Source text and not a file: the server is one bundled file, and the tests run it from TypeScript. */
const WATCHER = `
  const { workerData: { statements, allowed, everyMs } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  let seen = 0;
  let times = 0;
  const timer = setInterval(() => {
    const limit = Atomics.load(allowed, 0); // first: a statement that is seen has what it was allowed
    const statement = Atomics.load(statements, 0);
    times = statement % 2 !== 0 && statement === seen ? times + 1 : 0;
    seen = statement;
    if (times < limit) return;
    const msg = 'the embedded database has not returned from a statement for ' + times * everyMs + ' ms; ending';
    try {
      writeSync(1, JSON.stringify({ level: 'fatal', time: new Date().toISOString(), msg }) + '\\n');
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  }, everyMs);
`;

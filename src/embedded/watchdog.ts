import { Worker } from 'node:worker_threads';

export type Watchdog = { readonly stop: () => Promise<void> };

/** So many looks make up the limit. A process that was suspended misses looks and is not ended for it. */
const LOOKS = 10;

/**
 * A thread that ends the process when the event loop has stood still for `limitMs`.
 *
 * The embedded database runs in the main thread. Where a statement never returns, nothing else runs there either: no
 * timer, no signal, no answer to a probe. A process that is gone is started again by whoever watches over it; a frozen
 * one keeps its port and its data. It is killed (SIGKILL), because the main thread can no longer end itself; a line in
 * the log's form says so first.
 */
export function startWatchdog(limitMs: number): Watchdog {
  const everyMs = limitMs / LOOKS;
  const worker = new Worker(WATCHER, { eval: true, workerData: { looks: LOOKS, everyMs } });
  worker.unref();
  const beat = setInterval(() => worker.postMessage('alive'), everyMs).unref();
  return {
    stop: async () => {
      clearInterval(beat);
      await worker.terminate();
    },
  };
}

/** Source text and not a file: the server is one bundled file, and the tests run it from TypeScript. */
const WATCHER = `
  const { parentPort, workerData: { looks, everyMs } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  let missed = 0;
  parentPort.on('message', () => { missed = 0; });
  setInterval(() => {
    missed += 1;
    if (missed <= looks) return;
    const msg = 'the embedded database has not returned from a statement for ' + looks * everyMs + ' ms; ending';
    try {
      writeSync(1, JSON.stringify({ level: 'fatal', time: new Date().toISOString(), msg }) + '\\n');
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  }, everyMs);
`;

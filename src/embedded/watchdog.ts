import { Worker } from 'node:worker_threads';

export type Watchdog = { readonly stop: () => Promise<void> };

/** Checks within the limit. A suspended process misses checks and is not killed for it. */
const CHECKS = 10;

/**
 * A thread that ends the process when the event loop has stood still for `limitMs`.
 *
 * The embedded database runs in the main thread. While a statement does not return, that thread runs no timer, no
 * signal handler and no readiness probe. A supervisor restarts a dead process; a frozen one keeps its port and its data.
 * The thread writes a log line and kills the process (SIGKILL), since the main thread cannot end itself.
 */
export function startWatchdog(limitMs: number): Watchdog {
  const everyMs = limitMs / CHECKS;
  const worker = new Worker(SOURCE, { eval: true, workerData: { checks: CHECKS, everyMs } });
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
const SOURCE = `
  const { parentPort, workerData: { checks, everyMs } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  let missed = 0;
  parentPort.on('message', () => { missed = 0; });
  setInterval(() => {
    missed += 1;
    if (missed <= checks) return;
    const msg = 'embedded database frozen: no statement returned for ' + checks * everyMs + ' ms; killing this process';
    try {
      writeSync(1, JSON.stringify({ level: 'fatal', time: new Date().toISOString(), msg }) + '\\n');
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  }, everyMs);
`;

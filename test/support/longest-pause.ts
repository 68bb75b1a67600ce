import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/** Fixed work, to tell a slow or busy machine from slow code. About 10 ms on an idle core of 2020. */
function referenceMs(): number {
  const began = performance.now();
  let sum = 0;
  for (let index = 0; index < 10_000_000; index += 1) sum = (sum + index * 31) % 1_000_003;
  if (sum < 0) throw new Error('never');
  return performance.now() - began;
}

type Pause = {
  /** The longest time in which this process did nothing but one thing, in milliseconds. */
  readonly pauseMs: number;
  /** What 100 ms of an idle machine are on this one now. */
  readonly allowedMs: number;
};

/** Of an idle machine. */
const ALLOWED_MS = 100;

/**
 * The longest pause of the event loop while `work` runs, beside what a pause of 100 ms is on this machine in this very
 * moment: ten times the reference work, measured after a longer pause. Of three tries the best counts, since other work
 * on the machine only ever makes it longer.
 */
export async function longestPause(work: () => Promise<unknown>): Promise<Pause> {
  let best: Pause = { pauseMs: Infinity, allowedMs: 0 };
  for (let tries = 0; tries < 3 && best.pauseMs >= best.allowedMs; tries += 1) {
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    // The delay of a timer is what is measured, so one has to be due before the work and one after it.
    await pause(5);
    await work();
    await pause(5);
    delays.disable();
    const pauseMs = delays.max / 1e6;
    if (pauseMs < ALLOWED_MS) return { pauseMs, allowedMs: ALLOWED_MS };
    const allowedMs = Math.max(ALLOWED_MS, 10 * Math.max(referenceMs(), referenceMs()));
    if (pauseMs / allowedMs < best.pauseMs / best.allowedMs) best = { pauseMs, allowedMs };
  }
  return best;
}

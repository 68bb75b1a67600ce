import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../log/log.ts';

export type Loop = { stop(): Promise<void> };

/**
 * Runs `sweep` every `intervalMs`, never two at a time, until stopped. Starts after a random part of the interval, so
 * that instances started together do not sweep together. stop() resolves when the sweep under way has ended. A waiting
 * loop does not keep the process alive.
 */
export function runEvery(
  sweep: (stop: AbortSignal) => Promise<void>,
  { intervalMs, log }: { readonly intervalMs: number; readonly log: Pick<Log, 'error'> },
): Loop {
  const stopping = new AbortController();
  const { signal } = stopping;
  const rest = async (ms: number) => {
    try {
      await pause(ms, undefined, { signal, ref: false });
    } catch {
      // Aborted: the loop's condition ends it.
    }
  };
  const loop = async () => {
    await rest(Math.random() * intervalMs);
    while (!signal.aborted) {
      try {
        await sweep(signal);
      } catch (error) {
        log.error({ err: error }, 'loop iteration failed; retrying at the next interval');
      }
      await rest(intervalMs);
    }
  };
  const ended = loop();
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../log/log.ts';

export type Loop = { stop(): Promise<void> };

/**
 * Runs `iterate` every `intervalMs`, one at a time. The first run follows a random part of the interval, so that
 * instances started together do not run together. stop() resolves when the current run has ended. A waiting loop does
 * not keep the process alive.
 */
export function runEvery(
  iterate: (stop: AbortSignal) => Promise<void>,
  { intervalMs, log }: { readonly intervalMs: number; readonly log: Pick<Log, 'error'> },
): Loop {
  const stopping = new AbortController();
  const { signal } = stopping;
  // stop() rejects the pause, and the loop's condition ends the loop.
  const rest = (ms: number) => pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
  const loop = async () => {
    await rest(Math.random() * intervalMs);
    while (!signal.aborted) {
      try {
        await iterate(signal);
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

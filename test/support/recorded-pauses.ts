import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { onTestFinished, vi } from 'vitest';

/** The pauses, in milliseconds, that code makes with node:timers/promises during one test; each is over at once. */
export function recordPauses(): readonly number[] {
  const pauses: number[] = [];
  const pause = async <T>(ms = 0, value?: T) => {
    pauses.push(ms);
    return value as T;
  };
  const spy = vi.spyOn(timers, 'setTimeout').mockImplementation(pause);
  // Named imports are copies.
  syncBuiltinESMExports();
  onTestFinished(() => {
    spy.mockRestore();
    syncBuiltinESMExports();
  });
  return pauses;
}

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { memoryLog } from '../support/memory-log.ts';
import { runEvery } from '../../src/async/run-every.ts';

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('an interval loop', () => {
  test('runs repeatedly, never twice at a time', async () => {
    const counted = { running: 0, most: 0, done: 0 };
    const fifty = gate();
    const loop = runEvery(
      async () => {
        counted.running += 1;
        counted.most = Math.max(counted.most, counted.running);
        // Longer than the interval.
        for (let turns = 0; turns < 20; turns++) await turn();
        counted.running -= 1;
        counted.done += 1;
        if (counted.done === 50) fifty.open();
      },
      { intervalMs: 1, log: memoryLog() },
    );
    await fifty.opened;
    await loop.stop();
    expect(counted.most).toBe(1);
  });

  test('that is stopped waits for the current run and starts no other', async () => {
    const [begun, held] = [gate(), gate()];
    const order: string[] = [];
    const signals: AbortSignal[] = [];
    const loop = runEvery(
      async (stop) => {
        order.push('begins');
        signals.push(stop);
        begun.open();
        await held.opened;
        order.push('ends');
      },
      { intervalMs: 1, log: memoryLog() },
    );
    await begun.opened;
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    const stopped = loop.stop().then(() => order.push('stopped'));
    // The run can end early.
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    await turn();
    held.open();
    await stopped;
    expect(order).toEqual(['begins', 'ends', 'stopped']);
  });

  test('that is stopped between runs stops at once, and may be stopped twice', async () => {
    const sweep = vi.fn(async () => undefined);
    const loop = runEvery(sweep, { intervalMs: 2_000_000, log: memoryLog() });
    await loop.stop();
    await loop.stop();
    expect(sweep).not.toHaveBeenCalled();
  });

  test('logs a failed run and continues', async () => {
    const log = memoryLog();
    const third = gate();
    let sweeps = 0;
    const loop = runEvery(
      () => {
        sweeps += 1;
        if (sweeps === 3) third.open();
        return Promise.reject(new Error(`sweep ${sweeps}`));
      },
      { intervalMs: 1, log },
    );
    await third.opened;
    await loop.stop();
    expect(log.lines.slice(0, 2)).toMatchObject([
      { level: 'error', fields: { err: { message: 'sweep 1' } } },
      { level: 'error', fields: { err: { message: 'sweep 2' } } },
    ]);
  });
});

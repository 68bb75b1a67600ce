import { expect, test } from 'vitest';
import { refusalOfFirst } from '../../src/jobs/replay.ts';

test('a repeat reads the first call’s job less and less often while fal is slow', async () => {
  const readAt: number[] = [];
  const store = {
    findSubmitOutcome: async () => {
      readAt.push(performance.now());
      const state = readAt.length < 5 ? ('SUBMITTING' as const) : ('RUNNING' as const);
      return { state, errorCode: null, errorMessage: null, pauseReason: null, retryAt: null };
    },
  };

  expect(await refusalOfFirst(store, 'job')).toBeNull();

  const [first = 0, last = 0] = [readAt[0], readAt.at(-1)];
  // 50, 100, 200 and 400 ms; timers may fire a millisecond early.
  expect(last - first).toBeGreaterThanOrEqual(740);
});

import { expect, test } from 'vitest';
import { recordPauses } from '../support/recorded-pauses.ts';
import { refusalOfFirst } from '../../src/jobs/replay.ts';

test('a repeat reads the first call’s job less and less often while fal is slow', async () => {
  const pauses = recordPauses();
  let reads = 0;
  const store = {
    findSubmitOutcome: async () => {
      reads += 1;
      const state = reads < 5 ? ('SUBMITTING' as const) : ('RUNNING' as const);
      return { state, errorCode: null, errorMessage: null, pauseReason: null, retryAt: null };
    },
  };

  expect(await refusalOfFirst(store, 'job')).toBeNull();
  expect(pauses).toEqual([50, 100, 200, 400]);
});

import { expect, test } from 'vitest';
import { retry } from '../../src/async/retry.ts';

/** Work that fails some times, and the pauses between. */
async function retried(failures: number) {
  const pauses: number[] = [];
  let attempts = 0;
  const work = async () => {
    attempts += 1;
    if (attempts <= failures) throw new Error(`attempt ${attempts}`);
    return 'done';
  };
  const pause = async (ms: number) => void pauses.push(ms);
  const outcome: unknown = await retry(work, [1, 2], pause).catch((error: unknown) => error);
  return { outcome, pauses };
}

test('an attempt follows each pause, and the error of the last one counts', async () => {
  expect(await retried(0)).toEqual({ outcome: 'done', pauses: [] });
  expect(await retried(1)).toEqual({ outcome: 'done', pauses: [1] });
  expect(await retried(2)).toEqual({ outcome: 'done', pauses: [1, 2] });
  expect(await retried(3)).toEqual({ outcome: new Error('attempt 3'), pauses: [1, 2] });
});

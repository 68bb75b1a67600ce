import { expect, test } from 'vitest';
import { createSemaphore } from '../src/semaphore.ts';

test('work that holds much memory is done a few at a time, and not begun after the end', async () => {
  const end = new AbortController();
  const limited = createSemaphore(2, end.signal);
  const finish: (() => void)[] = [];
  const begun: number[] = [];
  const works = [1, 2, 3, 4, 5].map((number) =>
    limited(async () => {
      begun.push(number);
      await new Promise<void>((resolve) => finish.push(resolve));
      return number;
    }),
  );
  const settled = Promise.allSettled(works);
  expect(begun).toEqual([1, 2]);
  finish.shift()?.();
  await works[0];
  await expect.poll(() => begun).toEqual([1, 2, 3]);
  end.abort();
  for (const done of finish) done();
  const outcomes = (await settled).map(({ status }) => status);
  expect(outcomes).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  expect(begun).toEqual([1, 2, 3]);
});

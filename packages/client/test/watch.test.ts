import { expect, test } from 'vitest';
import { Watch } from '../src/watch.ts';

/** A watch with its source in the hands of the test. */
function controlled(ending?: AbortSignal, keyOf?: (row: number) => unknown) {
  let push: (row: number) => void = () => undefined;
  let end: (error?: Error) => void = () => undefined;
  let signal: AbortSignal | undefined;
  const watch = new Watch<number>(
    (onRow, given) => {
      [push, signal] = [onRow, given];
      return new Promise((resolve, reject) => {
        end = (error) => (error === undefined ? resolve() : reject(error));
      });
    },
    ending,
    keyOf,
  );
  return {
    watch,
    push: (row: number) => push(row),
    end: (error?: Error) => end(error),
    hasStarted: () => signal !== undefined,
    isAborted: () => signal?.aborted,
  };
}

const DONE = { done: true, value: undefined };

test('keeps the newest row only for a consumer that is busy', async () => {
  const { watch, push, end } = controlled();
  const first = watch.next();
  push(1);
  expect(await first).toEqual({ done: false, value: 1 });
  push(2);
  push(3);
  end();
  expect(await watch.next()).toEqual({ done: false, value: 3 });
  expect(await watch.next()).toEqual(DONE);
});

test('with keys it keeps the newest row of each, in the order of the rows that are left', async () => {
  const { watch, push, end } = controlled(undefined, (row) => row % 2);
  const first = watch.next();
  for (const row of [1, 2, 3, 5, 4, 7]) push(row);
  end();
  expect(await first).toEqual({ done: false, value: 1 });
  expect(await watch.next()).toEqual({ done: false, value: 4 });
  expect(await watch.next()).toEqual({ done: false, value: 7 });
  expect(await watch.next()).toEqual(DONE);
});

test('answers calls of next() in order', async () => {
  const { watch, push, end } = controlled();
  const steps = [watch.next(), watch.next(), watch.next()];
  push(1);
  push(2);
  end();
  expect(await Promise.all(steps)).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, DONE]);
});

test('starts its source with the first next(), and ends it with return()', async () => {
  const { watch, push, hasStarted, isAborted } = controlled();
  expect(hasStarted()).toBe(false);
  const waiting = watch.next();
  expect(hasStarted()).toBe(true);
  expect(await watch.return()).toEqual(DONE);
  expect(await waiting).toEqual(DONE);
  expect(isAborted()).toBe(true);
  push(1);
  expect(await watch.next()).toEqual(DONE);
});

test('throws the error of its source once, after the row that came before it', async () => {
  const { watch, push, end } = controlled();
  const first = watch.next();
  push(1);
  await first;
  push(2);
  end(new Error('over'));
  expect(await watch.next()).toEqual({ done: false, value: 2 });
  await expect(watch.next()).rejects.toThrow('over');
  expect(await watch.next()).toEqual(DONE);
});

test('ends without an error when its signal is aborted, before or while it runs', async () => {
  const controller = new AbortController();
  const { watch, isAborted } = controlled(controller.signal);
  const waiting = watch.next();
  controller.abort();
  expect(await waiting).toEqual(DONE);
  expect(isAborted()).toBe(true);

  const late = controlled(controller.signal);
  expect(await late.watch.next()).toEqual(DONE);
  expect(late.hasStarted()).toBe(false);
});

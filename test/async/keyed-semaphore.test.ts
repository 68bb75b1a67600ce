import { expect, test } from 'vitest';
import { KeyedSemaphore } from '../../src/async/keyed-semaphore.ts';

test('a key holds at most its own places, and all keys together at most the total', () => {
  const places = new KeyedSemaphore(2, 3);
  expect(['a', 'a', 'a', 'b', 'b'].map((key) => places.tryAcquire(key))).toEqual([
    ...[true, true, false],
    ...[true, false],
  ]);
  places.release('a');
  expect(['b', 'a'].map((key) => places.tryAcquire(key))).toEqual([true, false]);
});

test('work holds a place until it ends, also with an error', async () => {
  const places = new KeyedSemaphore(1);
  let finish: (result: string) => void = () => undefined;
  const running = places.run('a', () => new Promise<string>((resolve) => (finish = resolve)));
  expect(await places.run('a', async () => 'not begun')).toBeNull();
  expect(await places.run('b', async () => 'of another key')).toBe('of another key');
  finish('done');
  expect(await running).toBe('done');

  const failing = places.run('a', () => Promise.reject(new Error('failed')));
  await expect(failing).rejects.toThrow('failed');
  expect(await places.run('a', async () => 'next')).toBe('next');
});

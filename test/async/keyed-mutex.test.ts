import { expect, test } from 'vitest';
import { KeyedMutex } from '../../src/async/keyed-mutex.ts';

test('work of one key never overlaps and keeps its order, and a failure stops nobody', async () => {
  const queue = new KeyedMutex();
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await Promise.resolve();
    events.push(`${name} ends`);
    if (name === 'second') throw new Error('second failed');
    return name;
  };
  const results = await Promise.allSettled(
    ['first', 'second', 'third'].map((name) => queue.run('key', work(name))),
  );

  expect(events).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await queue.run('key', work('fourth'))).toBe('fourth');
});

test('work of another key does not wait', async () => {
  const queue = new KeyedMutex();
  const never = queue.run('stuck', () => new Promise<never>(() => undefined));
  expect(await queue.run('free', () => Promise.resolve('done'))).toBe('done');
  expect(never).toBeInstanceOf(Promise);
});

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { batched } from '../../../src/db/batched.ts';
import { createRowReads } from '../../../src/db/reads/row-reads.ts';
import { HOUR_MS } from '../../../src/values/units.ts';
import type pg from 'pg';

type Book = { readonly id: string; readonly ownerId: string; readonly version: number };

/** Books, and the queries for them, each of which waits until it is let go. */
function library(...books: Book[]) {
  const queries: {
    readonly owners: string[];
    readonly ids: string[];
    readonly go: (error?: Error) => void;
  }[] = [];
  const query = ({ values: [ids, owners] }: { readonly values: [string[], string[]] }) =>
    new Promise((resolve, reject) => {
      const go = (error?: Error) => {
        if (error !== undefined) reject(error);
        else
          resolve({ rows: books.filter((book) => owners.includes(book.ownerId) && ids.includes(book.id)) });
      };
      queries.push({ owners, ids, go });
    });
  const reads = createRowReads({ query } as unknown as pg.Pool);
  return { books, queries, read: (ownerId: string, id: string) => reads.avatar(ownerId, id, ['version']) };
}

const numbered = (count: number, ownerId: string): Book[] =>
  Array.from({ length: count }, (_, index) => ({ id: `b${index}`, ownerId, version: 1 }));

describe('rows that are read for many', () => {
  test('at once are read together, a few hundred at a time', async () => {
    const { queries, read } = library(...numbered(1000, 'ada'));
    const all = Promise.all(numbered(1000, 'ada').map(({ id }) => read('ada', id)));
    for (let done = 0; done < 5; done += 1) {
      await expect.poll(() => queries.length).toBeGreaterThan(done);
      queries[done]?.go();
    }
    expect((await all).map((row) => row?.id)).toEqual(numbered(1000, 'ada').map(({ id }) => id));
    expect(queries.map(({ ids }) => ids.length)).toEqual([200, 200, 200, 200, 200]);
  });

  test('go to their owners only, whoever asks for them in the same query', async () => {
    const { queries, read } = library(
      { id: 'a', ownerId: 'ada', version: 1 },
      { id: 'b', ownerId: 'bob', version: 1 },
    );
    const both = [read('ada', 'a'), read('bob', 'a'), read('bob', 'b'), read('ada', 'b')];
    await expect.poll(() => queries.length).toBe(1);
    expect(queries[0]).toMatchObject({ owners: ['ada', 'bob'], ids: ['a', 'b'] });
    queries[0]?.go();
    expect((await Promise.all(both)).map((row) => row?.id ?? null)).toEqual(['a', null, 'b', null]);
  });

  test('are each asked for once, however many want one of them', async () => {
    const { queries, read } = library({ id: 'a', ownerId: 'ada', version: 1 });
    const wanted = Array.from({ length: 50 }, () => read('ada', 'a'));
    await expect.poll(() => queries.length).toBe(1);
    expect(queries[0]?.ids).toEqual(['a']);
    queries[0]?.go();
    expect(new Set((await Promise.all(wanted)).map((row) => row?.id))).toEqual(new Set(['a']));
  });

  test('while others are being read wait for four queries at most, and are then read together', async () => {
    const { queries, read } = library(...numbered(100, 'ada'));
    const slow = [];
    for (let busy = 0; busy < 4; busy += 1) {
      slow.push(read('ada', `b${busy}`));
      await expect.poll(() => queries.length).toBe(busy + 1);
    }
    const rest = numbered(100, 'ada').map(({ id }) => read('ada', id));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(queries).toHaveLength(4);
    queries[1]?.go();
    await expect.poll(() => queries.length).toBe(5);
    expect(queries[4]?.ids).toHaveLength(100);
    for (const { go } of queries) go();
    expect((await Promise.all([...slow, ...rest])).includes(null)).toBe(false);
  });

  test('are never older than the asking: a read that has begun is not joined', async () => {
    const { books, queries, read } = library({ id: 'a', ownerId: 'ada', version: 1 });
    const before = read('ada', 'a');
    await expect.poll(() => queries.length).toBe(1);
    books[0] = { id: 'a', ownerId: 'ada', version: 2 };
    const after = read('ada', 'a');
    await expect.poll(() => queries.length).toBe(2);
    queries[0]?.go();
    queries[1]?.go();
    expect((await after)?.version).toBe(2);
    await before;
  });

  test('fail together, and those asked for later are read', async () => {
    const { queries, read } = library({ id: 'a', ownerId: 'ada', version: 1 });
    const failing = expect(read('ada', 'a')).rejects.toThrow('the database is away');
    await expect.poll(() => queries.length).toBe(1);
    queries[0]?.go(new Error('the database is away'));
    await failing;
    const again = read('ada', 'a');
    await expect.poll(() => queries.length).toBe(2);
    queries[1]?.go();
    expect((await again)?.id).toBe('a');
  });
});

describe('batches that run alone', () => {
  /** Batches, each of which lasts until it is ended. */
  function batches(aloneMs: number) {
    const begun: { readonly keys: readonly number[]; readonly end: () => void }[] = [];
    const call = batched(
      (keys: readonly number[]) =>
        new Promise<readonly number[]>((resolve) => begun.push({ keys, end: () => resolve(keys) })),
      { maxBatchSize: 10, aloneMs },
    );
    return { begun, call };
  }

  test('make the calls of that time wait, and then share one batch', async () => {
    const { begun, call } = batches(HOUR_MS);
    const first = call(1);
    await expect.poll(() => begun.length).toBe(1);
    const others = [2, 3, 4].map(async (key) => {
      await new Promise(setImmediate);
      return call(key);
    });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(begun).toHaveLength(1);
    begun[0]?.end();
    expect(await first).toBe(1);
    await expect.poll(() => begun.length).toBe(2);
    expect(begun[1]?.keys).toEqual([2, 3, 4]);
    begun[1]?.end();
    expect(await Promise.all(others)).toEqual([2, 3, 4]);
  });

  test('get one beside them when they last longer, and no third', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { begun, call } = batches(HOUR_MS);
    const all = [];
    for (const key of [1, 2, 3]) {
      all.push(call(key));
      await new Promise(setImmediate);
      vi.advanceTimersByTime(HOUR_MS);
    }
    expect(begun).toHaveLength(2);
    begun[0]?.end();
    await expect.poll(() => begun.length).toBe(3);
    for (const { end } of begun) end();
    expect(await Promise.all(all)).toEqual([1, 2, 3]);
  });
});

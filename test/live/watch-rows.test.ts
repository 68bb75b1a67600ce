import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RESYNC_INTERVAL_MS, watchRows } from '../../src/live/watch.ts';
import { bookIn, FakeRows, type FakeRow } from '../support/fake-rows.ts';

afterEach(() => {
  vi.useRealTimers();
});

const A_TO_C: readonly FakeRow[] = [
  { id: 'a', version: 1 },
  { id: 'b', version: 2 },
  { id: 'c', version: 3 },
];

/** What is read for the first state of all. */
const FIRST = ['all', ['a', 'b', 'c']];

function watching(shelf: FakeRows, afterVersion = 0) {
  return watchRows({ listen: shelf.listen, list: shelf.list, read: shelf.readMany, afterVersion });
}

type Rows = ReturnType<typeof watching>;

async function take(rows: Rows, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const book = await bookIn(rows.next());
    taken.push(`${book?.id ?? 'the end'}${book?.version ?? ''}`);
  }
  return taken;
}

/** b1000, b1001 and so on, all in version 1. */
function thousands(count: number): FakeRow[] {
  return Array.from({ length: count }, (_, index) => ({ id: `b${1000 + index}`, version: 1 }));
}

describe('someone who watches rows', () => {
  test('gets each as it is, then each that changes or is new', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    expect(await take(rows, 3)).toEqual(['a1', 'b2', 'c3']);
    shelf.change('b');
    expect(await take(rows, 1)).toEqual(['b3']);
    shelf.change('d');
    expect(await take(rows, 1)).toEqual(['d1']);
    await rows.return?.();
    expect(shelf.listeners.size).toBe(0);
  });

  test('who knows them up to a version gets those above it, and everything new', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf, 2);
    expect(await take(rows, 1)).toEqual(['c3']);
    shelf.change('d');
    expect(await take(rows, 1)).toEqual(['d1']);
    shelf.change('a');
    expect(await take(rows, 1)).toEqual(['a2']);
    await rows.return?.();
  });

  test('reads only what changed', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    const next = rows.next();
    await turn();
    shelf.change('a');
    expect((await next).value).toEqual({ id: 'a', version: 2 });
    expect(shelf.reads).toEqual([...FIRST, ['a']]);
    await rows.return?.();
  });

  test('gets many changes that came while it was busy as one a row, for one read', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    for (let change = 0; change < 2500; change++) {
      shelf.change('a');
      shelf.change('b');
    }
    expect(await take(rows, 2)).toEqual(['a2501', 'b2502']);
    expect(shelf.reads).toEqual([...FIRST, ['a', 'b']]);
    await rows.return?.();
  });

  test('reads nothing more once it has caught up with what came while it was busy', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    shelf.change('a');
    await take(rows, 1);
    const next = rows.next();
    await turn();
    await turn();
    expect(shelf.reads).toEqual([...FIRST, ['a']]);
    await rows.return?.();
    expect((await next).done).toBe(true);
  });

  test('reads everything again after news may have been missed, whatever else came', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    shelf.books.set('c', { id: 'c', version: 9 });
    shelf.tell({ kind: 'changed', entityId: 'a' });
    shelf.tell({ kind: 'missed' });
    expect(await take(rows, 1)).toEqual(['c9']);
    expect(shelf.reads).toEqual([...FIRST, 'all', ['c']]);
    await rows.return?.();
  });

  test('never gets a version it has had, or an older one', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    shelf.books.set('c', { id: 'c', version: 2 });
    shelf.tell({ kind: 'missed' });
    const next = rows.next();
    await vi.waitFor(() => expect(shelf.reads).toEqual([...FIRST, 'all']));
    shelf.books.set('c', { id: 'c', version: 3 });
    shelf.change('c');
    expect((await next).value).toEqual({ id: 'c', version: 4 });
    await rows.return?.();
  });

  test('goes on when one of them is gone', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    const next = rows.next();
    shelf.remove('b');
    await turn();
    shelf.change('c');
    expect((await next).value).toEqual({ id: 'c', version: 4 });
    await rows.return?.();
  });

  test('hears of rows that come while there are none', async () => {
    const shelf = new FakeRows();
    const rows = watching(shelf);
    const next = rows.next();
    await vi.waitFor(() => expect(shelf.reads).toEqual(['all']));
    shelf.change('a');
    expect((await next).value).toEqual({ id: 'a', version: 1 });
    await rows.return?.();
  });

  test('misses nothing that changes while it reads', async () => {
    const shelf = new FakeRows(...A_TO_C);
    let changes = 0;
    shelf.onRead = () => {
      // After the rows were looked up a database may still be sending them.
      if (changes++ === 0) queueMicrotask(() => shelf.change('a'));
    };
    const rows = watching(shelf);
    const taken = await take(rows, 3);
    if (!taken.includes('a2')) taken.push(...(await take(rows, 1)));
    expect(taken).toContain('a2');
    await rows.return?.();
  });

  test('who leaves while waiting is let go at once', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    const next = rows.next();
    await turn();
    await rows.return?.();
    expect((await next).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
  });

  test('who leaves between two rows of one read gets no more of them', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 1);
    await rows.return?.();
    expect((await rows.next()).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
  });

  test('is at the end when the server closes, waiting or not', async () => {
    const shelf = new FakeRows(...A_TO_C);
    const [waiting, busy] = [watching(shelf), watching(shelf)];
    await take(waiting, 3);
    await take(busy, 3);
    const next = waiting.next();
    await turn();
    shelf.tell({ kind: 'closing' });
    expect((await next).done).toBe(true);
    expect((await busy.next()).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
    expect(shelf.reads).toEqual([...FIRST, ...FIRST]);
  });

  test('reads nothing but the standings of those that did not change, when it looks through all', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    const next = rows.next();
    await turn();
    await vi.advanceTimersByTimeAsync(RESYNC_INTERVAL_MS);
    await vi.advanceTimersByTimeAsync(RESYNC_INTERVAL_MS);
    expect(shelf.reads).toEqual([...FIRST, 'all', 'all']);
    await rows.return?.();
    expect((await next).done).toBe(true);
  });

  test('gets thousands a hundred at a time, in order, and reads no further than it is read', async () => {
    const shelf = new FakeRows(...thousands(2500));
    const rows = watching(shelf);
    await take(rows, 1);
    expect(shelf.reads).toEqual(['all', [...shelf.books.keys()].slice(0, 100)]);
    const rest = await take(rows, 2499);
    expect(rest.at(-1)).toBe('b34991');
    expect(shelf.reads.filter((read) => read === 'all')).toHaveLength(3);
    expect(shelf.reads.filter((read) => read !== 'all').map(({ length }) => length)).toEqual(
      Array.from({ length: 25 }, () => 100),
    );
    await rows.return?.();
  });

  test('keeps no more than a thousand names of rows that changed while it was busy', async () => {
    const shelf = new FakeRows(...thousands(2500));
    const rows = watching(shelf);
    await take(rows, 2500);
    const readsBefore = shelf.reads.length;
    for (const id of shelf.books.keys()) shelf.change(id);
    const told = await take(rows, 2500);
    expect(new Set(told).size).toBe(2500);
    expect(told.every((row) => row.endsWith('2'))).toBe(true);
    expect(shelf.reads[readsBefore]).toBe('all');
    await rows.return?.();
  });

  test('gets a change nobody told of within a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const shelf = new FakeRows(...A_TO_C);
    const rows = watching(shelf);
    await take(rows, 3);
    const next = rows.next();
    await turn();
    shelf.books.set('b', { id: 'b', version: 7 });
    await vi.advanceTimersByTimeAsync(RESYNC_INTERVAL_MS);
    expect((await next).value).toEqual({ id: 'b', version: 7 });
    await rows.return?.();
  });
});

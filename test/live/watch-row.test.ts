import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RESYNC_INTERVAL_MS, watchRow } from '../../src/live/watch.ts';
import { FakeRows, versionIn, type FakeRow } from '../support/fake-rows.ts';

afterEach(() => {
  vi.useRealTimers();
});

const NONE_IS_LAST: (row: FakeRow) => boolean = () => false;

function opened(shelf: FakeRows, { afterVersion = 0, isLast = NONE_IS_LAST } = {}) {
  return watchRow({ listen: shelf.listen, read: shelf.readOne, afterVersion, isLast });
}

async function watching(shelf: FakeRows, options: Parameters<typeof opened>[1] = {}) {
  const rows = await opened(shelf, options);
  if (rows === null) throw new Error('There is no such row');
  return rows;
}

/** Resolves when the watcher has read so often; every turn it gets to do so. */
async function readsOf(shelf: FakeRows, count: number): Promise<void> {
  await vi.waitFor(() => expect(shelf.reads.length).toBeGreaterThanOrEqual(count));
  await turn();
}

describe('someone who watches a row', () => {
  test('gets it as it is, then every change, in growing versions', async () => {
    const shelf = new FakeRows({ id: 'a', version: 3 });
    const rows = await watching(shelf);
    expect((await rows.next()).value).toEqual({ id: 'a', version: 3 });
    for (const version of [4, 5, 6]) {
      const next = rows.next();
      shelf.change('a');
      expect((await next).value).toEqual({ id: 'a', version });
    }
    await rows.return?.();
  });

  test('misses nothing between the first state and the stream: it listens before it reads', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const listening: number[] = [];
    shelf.onRead = () => {
      listening.push(shelf.listeners.size);
      // The row changes once the read has begun, and the read may or may not have seen it.
      if (shelf.reads.length === 1) shelf.change('a');
    };
    const rows = await watching(shelf);
    const seen = [await versionIn(rows.next())];
    const next = rows.next();
    if (seen[0] === 1) seen.push(await versionIn(next));
    expect(listening[0]).toBe(1);
    expect(seen.at(-1)).toBe(2);
    await rows.return?.();
  });

  test('hears of a change that fell behind its first read', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const rows = await watching(shelf);
    expect(await versionIn(rows.next())).toBe(1);
    shelf.change('a');
    expect(await versionIn(rows.next())).toBe(2);
    await rows.return?.();
  });

  test('gets many changes that came while it was busy as one: the newest, for one read', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const rows = await watching(shelf);
    await rows.next();
    for (let change = 0; change < 5000; change++) shelf.change('a');
    expect(await versionIn(rows.next())).toBe(5001);
    expect(shelf.reads).toHaveLength(2);
    await rows.return?.();
  });

  test('never gets a version it has had, or an older one', async () => {
    const shelf = new FakeRows({ id: 'a', version: 5 });
    const rows = await watching(shelf);
    await rows.next();
    const next = rows.next();
    shelf.books.set('a', { id: 'a', version: 4 });
    shelf.tell({ kind: 'changed', entityId: 'a' });
    await readsOf(shelf, 2);
    shelf.books.set('a', { id: 'a', version: 5 });
    shelf.tell({ kind: 'missed' });
    await readsOf(shelf, 3);
    shelf.change('a');
    expect(await versionIn(next)).toBe(6);
    await rows.return?.();
  });

  test.each([
    [2, 3],
    [3, 4],
    [9, 10],
  ])('who knows version %i already gets %i first', async (afterVersion, first) => {
    const shelf = new FakeRows({ id: 'a', version: 3 });
    const rows = await watching(shelf, { afterVersion });
    const next = rows.next();
    await readsOf(shelf, 1);
    if (first > 3) {
      shelf.books.set('a', { id: 'a', version: first - 1 });
      shelf.change('a');
    }
    expect(await versionIn(next)).toBe(first);
    await rows.return?.();
  });

  test('is at the end when the row is not there, or goes', async () => {
    const empty = new FakeRows();
    expect(await opened(empty)).toBeNull();
    expect(empty.listeners.size).toBe(0);
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const rows = await watching(shelf);
    await rows.next();
    const next = rows.next();
    shelf.remove('a');
    expect((await next).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
  });

  test('is at the end after the last state, having had it', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const rows = await watching(shelf, { isLast: ({ version }) => version === 2 });
    expect(await versionIn(rows.next())).toBe(1);
    shelf.change('a');
    expect(await versionIn(rows.next())).toBe(2);
    expect((await rows.next()).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
  });

  test('is at the end when the row was in its last state already', async () => {
    const shelf = new FakeRows({ id: 'a', version: 4 });
    const rows = await watching(shelf, { afterVersion: 4, isLast: () => true });
    expect((await rows.next()).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
  });

  test('who leaves while waiting is let go at once', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const rows = await watching(shelf);
    await rows.next();
    const next = rows.next();
    await turn();
    await rows.return?.();
    expect((await next).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
    expect((await rows.next()).done).toBe(true);
  });

  test('who leaves before the first row listens no more', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const rows = await watching(shelf);
    await rows.return?.();
    expect((await rows.next()).done).toBe(true);
    expect([shelf.listeners.size, shelf.reads.length]).toEqual([0, 1]);
  });

  test('who leaves while it is read gets no more', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const rows = await watching(shelf);
    await rows.next();
    let open = (): void => undefined;
    shelf.onRead = () => new Promise((resolve) => (open = resolve));
    const next = rows.next();
    shelf.change('a');
    await readsOf(shelf, 2);
    const left = rows.return?.();
    open();
    await left;
    expect((await next).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
  });

  test('is told when the row cannot be read, and no longer listens', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const rows = await watching(shelf);
    await rows.next();
    shelf.onRead = () => Promise.reject(new Error('the database is away'));
    const told = expect(rows.next()).rejects.toThrow('the database is away');
    shelf.change('a');
    await vi.advanceTimersByTimeAsync(20_000);
    await told;
    expect(shelf.listeners.size).toBe(0);
  });

  test('is told at once when the row cannot be read at first', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    shelf.onRead = () => Promise.reject(new Error('the database is away'));
    await expect(opened(shelf)).rejects.toThrow('the database is away');
    expect([shelf.listeners.size, shelf.reads.length]).toEqual([0, 1]);
  });

  test('who leaves while it cannot be read is gone at once', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const rows = await watching(shelf);
    await rows.next();
    shelf.onRead = () => Promise.reject(new Error('the database is away'));
    const next = rows.next();
    shelf.change('a');
    await vi.advanceTimersByTimeAsync(2000);
    await rows.return?.();
    expect((await next).done).toBe(true);
    expect([shelf.listeners.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('is at the end when the server closes, waiting or not', async () => {
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const [waiting, busy] = [await watching(shelf), await watching(shelf)];
    await waiting.next();
    await busy.next();
    const next = waiting.next();
    shelf.tell({ kind: 'closing' });
    expect((await next).done).toBe(true);
    expect((await busy.next()).done).toBe(true);
    expect(shelf.listeners.size).toBe(0);
  });

  test('gets a change nobody told of within a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const shelf = new FakeRows({ id: 'a', version: 1 });
    const rows = await watching(shelf);
    await rows.next();
    const next = rows.next();
    await turn();
    shelf.books.set('a', { id: 'a', version: 2 });
    await vi.advanceTimersByTimeAsync(RESYNC_INTERVAL_MS);
    expect(await versionIn(next)).toBe(2);
    const last = rows.next();
    await rows.return?.();
    expect((await last).done).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

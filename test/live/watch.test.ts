import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RESYNC_INTERVAL_MS, watchRow, watchRows } from '../../src/live/watch.ts';
import { FakeRows, type FakeRow } from '../support/fake-rows.ts';
import { Feeds } from '../../src/live/feed.ts';
import { FeedWatcher, type FakeEvent } from '../support/feed-watcher.ts';

afterEach(() => {
  vi.useRealTimers();
});

type Watcher = AsyncIterableIterator<FakeRow>;

function watchOne(rows: FakeRows, afterVersion = 0, isLast = (_row: FakeRow): boolean => false) {
  return watchRow({ listen: rows.listen, read: rows.readOne, afterVersion, isLast });
}

async function existing(watcher: Promise<Watcher | null>): Promise<Watcher> {
  const found = await watcher;
  if (found === null) throw new Error('Expected a row, got none');
  return found;
}

/** Watchers of one FakeRows share a feed. */
const feedsOf = new WeakMap<FakeRows, Feeds<FakeRow, FakeEvent>>();

function watchShared(rows: FakeRows, afterVersion = 0, isLast = (_row: FakeRow): boolean => false) {
  const feeds = feedsOf.get(rows) ?? new Feeds();
  feedsOf.set(rows, feeds);
  return FeedWatcher.join(feeds, rows, { afterVersion, isLast });
}

function watchMany({ listen, list, readMany: read }: FakeRows, afterVersion = 0): Watcher {
  return watchRows({ listen, list, read, afterVersion });
}

/** The next rows, each as its id and version. */
async function take(watcher: Watcher, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const step: IteratorResult<FakeRow, undefined> = await watcher.next();
    taken.push(step.done === true ? 'end' : `${step.value.id}${step.value.version}`);
  }
  return taken;
}

const useFakeTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
const unavailable = () => Promise.reject(new Error('no database'));

describe.each<[string, (rows: FakeRows, afterVersion?: number) => Promise<Watcher>]>([
  ['one row', (rows, afterVersion) => existing(watchOne(rows, afterVersion))],
  ['one row, with others', (rows, afterVersion) => existing(watchShared(rows, afterVersion))],
  ['all rows', (rows, afterVersion) => Promise.resolve(watchMany(rows, afterVersion))],
])('a watcher of %s', (_what, watch) => {
  async function watching(version = 1) {
    const rows = new FakeRows({ id: 'a', version });
    const watcher = await watch(rows);
    expect(await take(watcher, 1)).toEqual([`a${version}`]);
    return { rows, watcher, firstReads: rows.reads.length };
  }

  test('receives the current state, then every change', async () => {
    const { rows, watcher } = await watching();
    for (const version of [2, 3, 4]) {
      const next = take(watcher, 1);
      await turn();
      rows.change('a');
      expect(await next).toEqual([`a${version}`]);
    }
  });

  test('listens before it reads, so it misses no change during its first read', async () => {
    const rows = new FakeRows({ id: 'a', version: 1 });
    const listeners: number[] = [];
    rows.onRead = () => {
      listeners.push(rows.listeners.size);
      // The read may or may not see this change.
      if (listeners.length === 1) queueMicrotask(() => rows.change('a'));
    };
    const watcher = await watch(rows);
    const [first] = await take(watcher, 1);
    if (first !== 'a2') expect(await take(watcher, 1)).toEqual(['a2']);
    expect(listeners[0]).toBe(1);
  });

  test('receives the newest of many changes that arrived while it was busy, by one read', async () => {
    const { rows, watcher, firstReads } = await watching();
    for (let change = 0; change < 5000; change++) rows.change('a');
    expect(await take(watcher, 1)).toEqual(['a5001']);
    const next = watcher.next();
    await turn();
    await turn();
    expect(rows.reads.length).toBe(firstReads + 1);
    await watcher.return?.();
    expect((await next).done).toBe(true);
  });

  test('reads again after missed notifications, and never receives a version it has had, or an older one', async () => {
    const { rows, watcher, firstReads } = await watching(5);
    const next = take(watcher, 1);
    for (const [index, version] of [4, 5].entries()) {
      rows.set('a', version);
      rows.notify({ kind: 'missed' });
      await expect.poll(() => rows.reads.length).toBe(firstReads + index + 1);
      await turn();
    }
    rows.set('a', 6);
    rows.notify({ kind: 'missed' });
    expect(await next).toEqual(['a6']);
  });

  test.each([2, 3])('that knows version %i receives the versions above it', async (afterVersion) => {
    const rows = new FakeRows({ id: 'a', version: 3 });
    const watcher = await watch(rows, afterVersion);
    const next = take(watcher, 1);
    await expect.poll(() => rows.reads.length).toBeGreaterThan(0);
    await turn();
    if (afterVersion === 3) rows.change('a');
    expect(await next).toEqual([`a${afterVersion + 1}`]);
  });

  test('reads again within a minute without any notification', async () => {
    useFakeTimers();
    const { rows, watcher } = await watching();
    const next = take(watcher, 1);
    await turn();
    rows.set('a', 2);
    await vi.advanceTimersByTimeAsync(RESYNC_INTERVAL_MS);
    expect(await next).toEqual(['a2']);
    await watcher.return?.();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends when the server closes, waiting or busy', async () => {
    const { rows, watcher: waiting } = await watching();
    const busy = await watch(rows);
    await busy.next();
    const next = waiting.next();
    await turn();
    const reads = rows.reads.length;
    rows.notify({ kind: 'closing' });
    expect([(await next).done, (await busy.next()).done]).toEqual([true, true]);
    expect([rows.listeners.size, rows.reads.length]).toEqual([0, reads]);
  });

  test('that leaves while it waits ends at once', async () => {
    const { rows, watcher } = await watching();
    const next = watcher.next();
    await turn();
    await watcher.return?.();
    expect([(await next).done, (await watcher.next()).done]).toEqual([true, true]);
    expect(rows.listeners.size).toBe(0);
  });

  test('that leaves before its first row does not listen any more', async () => {
    const rows = new FakeRows({ id: 'a', version: 1 });
    const watcher = await watch(rows);
    await watcher.return?.();
    expect((await watcher.next()).done).toBe(true);
    expect(rows.listeners.size).toBe(0);
  });

  test('that leaves during a read receives no more', async () => {
    const { rows, watcher, firstReads } = await watching();
    let finish = (): void => undefined;
    rows.onRead = () => new Promise((resolve) => (finish = resolve));
    const next = watcher.next();
    rows.change('a');
    await expect.poll(() => rows.reads.length).toBe(firstReads + 1);
    const left = watcher.return?.();
    finish();
    await left;
    expect((await next).done).toBe(true);
    expect(rows.listeners.size).toBe(0);
  });

  test('retries a failed read, then fails and does not listen any more', async () => {
    useFakeTimers();
    const { rows, watcher } = await watching();
    rows.onRead = unavailable;
    const failed = expect(watcher.next()).rejects.toThrow('no database');
    await turn();
    rows.change('a');
    await vi.advanceTimersByTimeAsync(20_000);
    await failed;
    expect(rows.listeners.size).toBe(0);
  });

  test('that leaves between retries ends at once', async () => {
    useFakeTimers();
    const { rows, watcher } = await watching();
    rows.onRead = unavailable;
    const next = watcher.next();
    await turn();
    rows.change('a');
    await vi.advanceTimersByTimeAsync(2000);
    await watcher.return?.();
    expect((await next).done).toBe(true);
    expect([rows.listeners.size, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

describe.each([
  ['one row', watchOne],
  ['one row, with others', watchShared],
])('a watcher of %s', (_what, watch) => {
  test('does not begin when there is no row, or it cannot be read', async () => {
    const rows = new FakeRows();
    expect(await watch(rows)).toBeNull();
    rows.onRead = unavailable;
    await expect(watch(rows)).rejects.toThrow('no database');
    expect([rows.listeners.size, rows.reads.length]).toEqual([0, 2]);
  });

  test('ends when the row is deleted', async () => {
    const rows = new FakeRows({ id: 'a', version: 1 });
    const watcher = await existing(watch(rows));
    await watcher.next();
    const next = watcher.next();
    rows.remove('a');
    expect((await next).done).toBe(true);
    expect(rows.listeners.size).toBe(0);
  });

  test('ends after the last state', async () => {
    const rows = new FakeRows({ id: 'a', version: 1 });
    const isLast = ({ version }: FakeRow) => version === 2;
    const watcher = await existing(watch(rows, 0, isLast));
    expect(await take(watcher, 1)).toEqual(['a1']);
    rows.change('a');
    expect(await take(watcher, 2)).toEqual(['a2', 'end']);
    expect(rows.listeners.size).toBe(0);
    const late = await existing(watch(rows, 2, isLast));
    expect(await take(late, 1)).toEqual(['end']);
  });
});

describe('a watcher of all rows', () => {
  /** A watcher that has received a1, b2 and c3. */
  async function watchingThree() {
    const rows = new FakeRows({ id: 'a', version: 1 }, { id: 'b', version: 2 }, { id: 'c', version: 3 });
    const watcher = watchMany(rows);
    expect(await take(watcher, 3)).toEqual(['a1', 'b2', 'c3']);
    expect(rows.reads.splice(0)).toEqual(['list', ['a', 'b', 'c']]);
    return { rows, watcher };
  }

  /** b1000, b1001 and so on, all in version 1. */
  const numbered = (count: number): FakeRow[] =>
    Array.from({ length: count }, (_, index) => ({ id: `b${1000 + index}`, version: 1 }));

  test('receives changed and new rows, and reads nothing else', async () => {
    const { rows, watcher } = await watchingThree();
    rows.change('b');
    rows.change('a');
    expect(await take(watcher, 2)).toEqual(['a2', 'b3']);
    rows.change('d');
    expect(await take(watcher, 1)).toEqual(['d1']);
    expect(rows.reads).toEqual([['b', 'a'], ['d']]);
  });

  test('that begins without rows receives new ones', async () => {
    const rows = new FakeRows();
    const next = take(watchMany(rows), 1);
    await expect.poll(() => rows.reads).toEqual(['list']);
    rows.change('a');
    expect(await next).toEqual(['a1']);
  });

  test('that knows a version receives rows above it, and everything new', async () => {
    const rows = new FakeRows({ id: 'a', version: 1 }, { id: 'c', version: 3 });
    const watcher = watchMany(rows, 2);
    expect(await take(watcher, 1)).toEqual(['c3']);
    rows.change('d');
    expect(await take(watcher, 1)).toEqual(['d1']);
    rows.change('a');
    expect(await take(watcher, 1)).toEqual(['a2']);
  });

  test('continues when a row is deleted', async () => {
    const { rows, watcher } = await watchingThree();
    const next = take(watcher, 1);
    rows.remove('b');
    await turn();
    rows.change('c');
    expect(await next).toEqual(['c4']);
  });

  test('reads ids and versions after missed notifications, then the changed rows only', async () => {
    const { rows, watcher } = await watchingThree();
    rows.set('c', 9);
    rows.notify({ kind: 'changed', entityId: 'a' });
    rows.notify({ kind: 'missed' });
    expect(await take(watcher, 1)).toEqual(['c9']);
    expect(rows.reads).toEqual(['list', ['c']]);
  });

  test('that leaves between two rows of one read receives no more of them', async () => {
    const rows = new FakeRows(...numbered(2));
    const watcher = watchMany(rows);
    await take(watcher, 1);
    await watcher.return?.();
    expect(await take(watcher, 1)).toEqual(['end']);
  });

  test('reads thousands of rows a hundred at a time, in order, as they are taken', async () => {
    const rows = new FakeRows(...numbered(2500));
    const watcher = watchMany(rows);
    await take(watcher, 1);
    expect(rows.reads).toEqual(['list', [...rows.rows.keys()].slice(0, 100)]);
    expect((await take(watcher, 2499)).at(-1)).toBe('b34991');
    expect(rows.reads.filter((read) => read === 'list')).toHaveLength(3);
    expect(rows.reads.filter((read) => read.length === 100)).toHaveLength(25);
  });

  test('keeps at most a thousand ids of changed rows, and lists all rows beyond that', async () => {
    const rows = new FakeRows(...numbered(2500));
    const watcher = watchMany(rows);
    await take(watcher, 2500);
    rows.reads.splice(0);
    for (const id of rows.rows.keys()) rows.change(id);
    const changed = await take(watcher, 2500);
    expect(new Set(changed).size).toBe(2500);
    expect(changed.every((row) => row.endsWith('2'))).toBe(true);
    expect(rows.reads[0]).toBe('list');
  });
});

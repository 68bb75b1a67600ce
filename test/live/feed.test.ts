import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FakeRows, type FakeRow } from '../support/fake-rows.ts';
import { Feeds, type Membership } from '../../src/live/feed.ts';

afterEach(() => {
  vi.useRealTimers();
});

type Event = { readonly version: number; readonly byteLength: number };

type Reader = {
  readonly membership: Membership | null;
  /** Versions that it has taken. */
  readonly taken: number[];
  /** Takes its room away, or gives it back. */
  setRoom(hasRoom: boolean): void;
  /** Calls of whenRoom that are outstanding. */
  waiting(): number;
  hasEnded(): boolean;
};

/** Readers of the row `a`, which all share one feed. */
function stage(
  options: {
    version?: number;
    bytes?: number;
    isLast?: (row: FakeRow) => boolean;
    isOfRowOnly?: boolean;
  } = {},
) {
  const { version = 1, bytes = 1, isLast, isOfRowOnly = true } = options;
  const rows = new FakeRows({ id: 'a', version });
  const feeds = new Feeds<FakeRow, Event>();
  const rendered: number[] = [];
  const memberships = { joined: 0, ended: 0 };
  const join = async (afterVersion = 0, key = 'a'): Promise<Reader> => {
    const taken: number[] = [];
    let hasRoom = true;
    let hasEnded = false;
    let waiting: (() => void)[] = [];
    const take = (event: Event, whenRoom: () => void) => {
      if (hasRoom) taken.push(event.version);
      else waiting.push(whenRoom);
      return hasRoom;
    };
    const onEnd = () => void (memberships.ended += 1);
    memberships.joined += 1;
    const membership = await feeds.join(key, { afterVersion, take, onEnd }, () => ({
      listen: rows.listen,
      read: rows.readOne,
      isLast,
      isOfRowOnly,
      render: (row) => {
        rendered.push(row.version);
        return Promise.resolve({ version: row.version, byteLength: bytes });
      },
    }));
    membership?.next().then(
      () => (hasEnded = true),
      () => (hasEnded = true),
    );
    return {
      membership,
      taken,
      setRoom(given) {
        hasRoom = given;
        if (!given) return;
        const calls = waiting;
        waiting = [];
        for (const call of calls) call();
      },
      waiting: () => waiting.length,
      hasEnded: () => hasEnded,
    };
  };
  const joinAll = (count: number) => Promise.all(Array.from({ length: count }, () => join()));
  const settled = async () => {
    for (let turns = 0; turns < 10; turns += 1) await turn();
  };
  return { rows, feeds, rendered, memberships, join, joinAll, settled };
}

describe('readers of one feed', () => {
  test('get every change by one read and one rendering, each version once and in order', async () => {
    const { rows, rendered, joinAll, settled } = stage();
    const readers = await joinAll(1200);
    await settled();
    expect([rows.reads.length, rendered]).toEqual([1, [1]]);
    for (const version of [2, 3]) {
      rows.change('a');
      await settled();
      expect(rows.reads.length).toBe(version);
    }
    expect(rendered).toEqual([1, 2, 3]);
    for (const { taken } of readers) expect(taken).toEqual([1, 2, 3]);
  });

  test('get only versions above their own `afterVersion`', async () => {
    const { rows, join, settled } = stage({ version: 5 });
    const readers = await Promise.all([0, 4, 5, 6].map((version) => join(version)));
    await settled();
    expect(readers.map(({ taken }) => taken)).toEqual([[5], [5], [], []]);
    rows.change('a');
    await settled();
    rows.change('a');
    await settled();
    expect(readers.map(({ taken }) => taken)).toEqual([[5, 6, 7], [5, 6, 7], [6, 7], [7]]);
  });

  test('begin with a read that starts after they joined', async () => {
    const { rows, join, settled } = stage();
    const first = await join();
    await settled();
    let finish = (): void => undefined;
    rows.onRead = () => new Promise((resolve) => (finish = resolve));
    rows.notify({ kind: 'missed' });
    await expect.poll(() => rows.reads.length).toBe(2);
    const late = join();
    rows.onRead = () => undefined;
    // Seen by the read that the late reader waits for, and by no notification.
    finish();
    rows.set('a', 2);
    expect((await late).taken.at(0) ?? 2).toBe(2);
    await settled();
    expect([rows.reads.length, first.taken, (await late).taken]).toEqual([3, [1, 2], [2]]);
  });

  test('that join later cause a read, and no rendering while the version is the same', async () => {
    const { rows, rendered, join, settled } = stage();
    const first = await join();
    await settled();
    const second = await join();
    await settled();
    expect([rows.reads.length, rendered, first.taken, second.taken]).toEqual([2, [1], [1], [1]]);
  });

  test('that join later have an event rendered again if it depends on more than the row', async () => {
    const { rendered, join, settled } = stage({ isOfRowOnly: false });
    const readers = [await join()];
    await settled();
    readers.push(await join());
    await settled();
    expect([rendered, readers.map(({ taken }) => taken)]).toEqual([
      [1, 1],
      [[1], [1]],
    ]);
  });

  test('have the feed to themselves under another key', async () => {
    const { rows, feeds, rendered, join, settled } = stage();
    await Promise.all([join(0, 'a'), join(0, 'b')]);
    await settled();
    expect([feeds.size, rows.reads.length, rendered]).toEqual([2, 2, [1, 1]]);
  });

  test('each listen, and the last one that leaves takes the feed along', async () => {
    const { rows, feeds, memberships, joinAll, settled } = stage();
    const readers = await joinAll(3);
    await settled();
    expect(rows.listeners.size).toBe(3);
    await readers[0]?.membership?.return?.();
    expect([rows.listeners.size, feeds.size]).toEqual([2, 1]);
    rows.change('a');
    await settled();
    expect(readers.map(({ taken }) => taken.at(-1))).toEqual([1, 2, 2]);
    for (const { membership } of readers) await membership?.return?.();
    expect(memberships).toEqual({ joined: 3, ended: 3 });
    expect([rows.listeners.size, feeds.size]).toEqual([0, 0]);
  });
});

describe('a reader without room', () => {
  test('gets the newest event once it has room, and delays no other', async () => {
    const { rows, joinAll, settled } = stage();
    const [slow, other] = await joinAll(2);
    await settled();
    slow?.setRoom(false);
    for (let change = 0; change < 100; change += 1) {
      rows.change('a');
      await settled();
    }
    expect(slow?.waiting()).toBe(1);
    const reads = rows.reads.length;
    slow?.setRoom(true);
    expect([slow?.taken, other?.taken.length, rows.reads.length]).toEqual([[1, 101], 101, reads]);
    rows.change('a');
    await settled();
    expect([slow?.taken, other?.taken.at(-1)]).toEqual([[1, 101, 102], 102]);
  });

  test('gets nothing when there has been nothing above its version', async () => {
    const { rows, join, settled } = stage();
    const ahead = await join(5);
    const other = await join();
    ahead.setRoom(false);
    rows.change('a');
    await settled();
    ahead.setRoom(true);
    expect([ahead.taken, other.taken]).toEqual([[], [1, 2]]);
  });

  test('gets a large event, which the feed forgets when nobody needs it', async () => {
    const { rows, rendered, join, joinAll, settled } = stage({ bytes: 1_000_000 });
    const [slow] = await joinAll(2);
    await settled();
    slow?.setRoom(false);
    rows.change('a');
    await settled();
    slow?.setRoom(true);
    expect(slow?.taken).toEqual([1, 2]);
    const late = await join();
    await settled();
    expect([late.taken, rendered]).toEqual([[2], [1, 2, 2]]);
  });

  test('that gets room while the others are being served does not take the large event from them', async () => {
    const { rows, joinAll, settled } = stage({ bytes: 1_000_000 });
    const readers = await joinAll(1200);
    await settled();
    readers[0]?.setRoom(false);
    rows.change('a');
    while (readers[1]?.taken.at(-1) !== 2) await turn();
    expect(readers.at(-1)?.taken).toEqual([1]);
    readers[0]?.setRoom(true);
    await settled();
    for (const { taken } of readers) expect(taken).toEqual([1, 2]);
  });

  test('leaves no large event behind when it leaves', async () => {
    const { rendered, rows, join, joinAll, settled } = stage({ bytes: 1_000_000 });
    const [slow] = await joinAll(2);
    await settled();
    slow?.setRoom(false);
    rows.change('a');
    await settled();
    await slow?.membership?.return?.();
    await join();
    await settled();
    expect(rendered).toEqual([1, 2, 2]);
  });

  test('gets the last event before its end', async () => {
    const { rows, feeds, joinAll, settled } = stage({ isLast: ({ version }) => version === 2 });
    const [slow, other] = await joinAll(2);
    await settled();
    slow?.setRoom(false);
    rows.change('a');
    await settled();
    expect([other?.hasEnded(), slow?.hasEnded()]).toEqual([true, false]);
    slow?.setRoom(true);
    await settled();
    expect([slow?.taken, slow?.hasEnded(), rows.listeners.size, feeds.size]).toEqual([[1, 2], true, 0, 0]);
  });

  test.each<[how: string, end: (rows: FakeRows) => void]>([
    ['the row is deleted', (rows) => rows.remove('a')],
    ['the server closes', (rows) => rows.notify({ kind: 'closing' })],
  ])('ends with the others when %s', async (_how, end) => {
    const { rows, joinAll, settled } = stage();
    const [slow, other] = await joinAll(2);
    await settled();
    slow?.setRoom(false);
    rows.change('a');
    await settled();
    end(rows);
    await settled();
    expect([slow?.hasEnded(), other?.hasEnded(), rows.listeners.size]).toEqual([true, true, 0]);
    slow?.setRoom(true);
    expect(slow?.taken).toEqual([1]);
  });

  test('keeps nobody listening when it leaves', async () => {
    const { rows, feeds, join, settled } = stage();
    const slow = await join();
    await settled();
    slow.setRoom(false);
    rows.change('a');
    await settled();
    await slow.membership?.return?.();
    slow.setRoom(true);
    expect([slow.taken, rows.listeners.size, feeds.size]).toEqual([[1], 0, 0]);
  });
});

test('a reader whose first read is under way keeps the feed when the last of the others leaves', async () => {
  const { rows, feeds, join, settled } = stage();
  const leaving = await join();
  await settled();
  let letRead = (): void => undefined;
  rows.onRead = () => new Promise((resolve) => (letRead = resolve));
  const joining = join();
  await settled();
  expect(rows.reads).toHaveLength(2);
  await leaving.membership?.return?.();
  letRead();
  const joined = await joining;
  rows.onRead = () => undefined;
  rows.change('a');
  await settled();
  expect([joined.taken, joined.hasEnded(), feeds.size]).toEqual([[1, 2], false, 1]);
});

describe('while the row cannot be read', () => {
  test('newcomers fail at once, and those who were there get the next version after it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { rows, feeds, memberships, join, settled } = stage();
    const first = await join();
    await settled();
    rows.onRead = () => Promise.reject(new Error('no database'));
    rows.change('a');
    await settled();
    await expect(join()).rejects.toThrow('no database');
    await expect(join()).rejects.toThrow('no database');
    expect([feeds.size, rows.listeners.size]).toEqual([0, 1]);
    expect(memberships).toEqual({ joined: 3, ended: 2 });

    rows.onRead = () => undefined;
    const second = await join();
    await settled();
    expect([first.taken, second.taken]).toEqual([[1], [2]]);
    await vi.advanceTimersByTimeAsync(1000);
    await settled();
    expect(first.taken).toEqual([1, 2]);
    rows.change('a');
    await settled();
    expect([first.taken, second.taken]).toEqual([
      [1, 2, 3],
      [2, 3],
    ]);
  });
});

test('all who wait for a row that is not there are told so', async () => {
  const { rows, feeds, memberships, joinAll } = stage();
  rows.remove('a');
  const readers = await joinAll(3);
  expect(readers.map(({ membership }) => membership)).toEqual([null, null, null]);
  expect(memberships).toEqual({ joined: 3, ended: 3 });
  expect([rows.listeners.size, feeds.size]).toEqual([0, 0]);
});

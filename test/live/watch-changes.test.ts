import { describe, expect, test } from 'vitest';
import { watchChanges, type Change, type ChangeEvent, type ChangeLog } from '../../src/live/watch-changes.ts';
import type { Subscribe, WatchEvent } from '../../src/live/watch.ts';

type Row = { readonly id: string; readonly version: number };

/** One owner's rows and changes in memory. */
class FakeChanges implements ChangeLog {
  readonly rows = new Map<string, Row>();
  readonly listeners = new Set<(event: WatchEvent) => void>();
  readonly #changes = new Map<string, Change>();
  /** Sizes of the pages that were read. */
  readonly pages: number[] = [];
  /** Runs once, before the next row is read. */
  onRead: () => void = () => undefined;
  #last = 0n;
  forgotten = 0n;

  listen: Subscribe = (listener) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  write(id: string): void {
    const version = (this.rows.get(id)?.version ?? 0) + 1;
    this.rows.set(id, { id, version });
    this.#last += 1n;
    this.#changes.set(id, { entityId: id, version, position: this.#last });
    for (const listener of this.listeners) listener({ kind: 'changed', entityId: id });
  }

  remove(id: string): void {
    this.write(id);
    this.rows.delete(id);
  }

  close(): void {
    for (const listener of this.listeners) listener({ kind: 'closing' });
  }

  open = () => Promise.resolve();
  order = () => Promise.resolve();

  read: ChangeLog['read'] = async (_owner, after, limit) => {
    const all = [...this.#changes.values()].toSorted((one, other) => Number(one.position - other.position));
    const changes = after === null ? [] : all.filter(({ position }) => position > after).slice(0, limit);
    this.pages.push(changes.length);
    return { last: this.#last, forgotten: this.forgotten, changes };
  };

  readRow = async (id: string): Promise<Row | null> => {
    const { onRead } = this;
    this.onRead = () => undefined;
    onRead();
    return this.rows.get(id) ?? null;
  };

  watch(after: bigint | null) {
    return watchChanges<Row>({
      listen: this.listen,
      log: this,
      ownerId: 'ada',
      after,
      read: this.readRow,
      onForgotten: () => new Error('forgotten'),
    });
  }
}

async function take(stream: AsyncIterableIterator<ChangeEvent<Row>>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const step = (await stream.next()) as IteratorResult<ChangeEvent<Row>, undefined>;
    if (step.done === true) return [...taken, 'end'];
    const { value } = step;
    if (value.kind === 'caught-up') taken.push(`caught up at ${value.position}`);
    else if (value.kind === 'deleted') taken.push(`${value.entityId} deleted`);
    else taken.push(`${value.row.id}${value.row.version}`);
  }
  return taken;
}

describe('a watcher of changes', () => {
  test('begins with the present position, or with what changed after its own', async () => {
    const changes = new FakeChanges();
    changes.write('a');
    changes.write('b');
    const fresh = await changes.watch(null);
    expect(await take(fresh, 1)).toEqual(['caught up at 2']);
    changes.write('a');
    expect(await take(fresh, 1)).toEqual(['a2']);
    const resumed = await changes.watch(1n);
    expect(await take(resumed, 3)).toEqual(['b1', 'a2', 'caught up at 3']);
    changes.remove('b');
    expect(await take(resumed, 1)).toEqual(['b deleted']);
    expect(await take(fresh, 1)).toEqual(['b deleted']);
  });

  test('reads one page at a time, when the page before it is taken', async () => {
    const changes = new FakeChanges();
    for (let count = 0; count < 250; count += 1) changes.write(`row-${count}`);
    const watcher = await changes.watch(0n);
    expect(changes.pages).toEqual([100]);
    await take(watcher, 100);
    expect(changes.pages).toEqual([100]);
    await take(watcher, 1);
    expect(changes.pages).toEqual([100, 100]);
    expect((await take(watcher, 150)).at(-1)).toBe('caught up at 250');
    expect(changes.pages).toEqual([100, 100, 50]);
  });

  test('gives a version once that was read before its change', async () => {
    const changes = new FakeChanges();
    changes.write('a');
    changes.onRead = () => changes.write('a');
    const watcher = await changes.watch(0n);
    expect(await take(watcher, 2)).toEqual(['a2', 'caught up at 1']);
    changes.write('a');
    expect(await take(watcher, 1)).toEqual(['a3']);
    changes.write('b');
    expect(await take(watcher, 1)).toEqual(['b1']);
  });

  test.each([
    ['has been forgotten', 0n],
    ['has never been', 9n],
  ])('at a position that %s is refused', async (_what, after) => {
    const changes = new FakeChanges();
    changes.write('a');
    changes.write('b');
    changes.forgotten = 1n;
    await expect(changes.watch(after)).rejects.toThrow('forgotten');
    expect(changes.listeners.size).toBe(0);
    expect(await take(await changes.watch(1n), 1)).toEqual(['b1']);
  });

  test('ends when the server closes, or when it is left, and listens no more', async () => {
    const changes = new FakeChanges();
    const [one, other] = [await changes.watch(null), await changes.watch(null)];
    await take(one, 1);
    const next = take(one, 1);
    changes.close();
    expect(await next).toEqual(['end']);
    await other.return?.();
    expect(changes.listeners.size).toBe(0);
  });

  test('waits out a short outage of the database', async () => {
    const changes = new FakeChanges();
    const watcher = await changes.watch(null);
    await take(watcher, 1);
    const { read } = changes;
    let failures = 2;
    changes.read = (...args) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('no database')) : read(...args);
    };
    const next = take(watcher, 1);
    changes.write('a');
    expect(await next).toEqual(['a1']);
  });
});

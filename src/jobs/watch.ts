import { setTimeout as pause } from 'node:timers/promises';
import { Latch } from './latch.ts';

export type News =
  | { readonly kind: 'changed'; readonly entityId: string }
  /** News may have been missed: read everything again. */
  | { readonly kind: 'missed' }
  /** The server is closing: nothing more will come. */
  | { readonly kind: 'closing' };

/** Begins to listen at once, before it returns. Call what it returns to stop. */
export type Listen = (onNews: (news: News) => void) => () => void;

/** Everything is read again this often, so that a lost announcement delays a change and never hides it. */
export const HEAL_EVERY_MS = 60_000;

/**
 * A row as it is now (unless its version is not above `afterVersion`), then as it is after every change. Versions
 * only grow; changes that follow each other faster than they are read are told as one.
 *
 * It listens before it reads, so nothing falls between the first state and the stream. Ends when the row is gone,
 * after a state that `isLast`, when the reader leaves or the server closes; a row that is not there at the start gives nothing at all.
 */
export function watchRow<Row extends { readonly version: number }>(options: {
  readonly listen: Listen;
  readonly read: () => Promise<Row | null>;
  readonly afterVersion: number;
  readonly isLast?: (row: Row) => boolean;
}): AsyncIterableIterator<Row> {
  const { listen, read, isLast } = options;
  return leavable(async function* ({ latch, hasLeft, leave }) {
    const stopListening = listen(({ kind }) => (kind === 'closing' ? leave() : latch.ring()));
    try {
      let seen = options.afterVersion;
      while (!hasLeft()) {
        const row = await patiently(read, hasLeft);
        if (row === null || hasLeft()) return;
        if (row.version > seen) {
          seen = row.version;
          yield row;
        }
        if (isLast?.(row) === true) return;
        await latch.wait(HEAL_EVERY_MS);
      }
    } finally {
      stopListening();
    }
  });
}

/**
 * The same for a set of rows that grows and shrinks: first every row whose version is above `afterVersion`, then each
 * one that changes. Ends only when the reader leaves or the server
 * closes.
 *
 * @param read the rows with these ids, or all of them; those that are gone are left out
 */
export function watchRows<Row extends { readonly id: string; readonly version: number }>(options: {
  readonly listen: Listen;
  readonly read: (ids: readonly string[] | 'all') => Promise<readonly Row[]>;
  readonly afterVersion: number;
}): AsyncIterableIterator<Row> {
  const { listen, read, afterVersion } = options;
  return leavable(async function* ({ latch, hasLeft, leave }) {
    const pending = { ids: new Set<string>(), all: false };
    const stopListening = listen((news) => {
      if (news.kind === 'closing') leave();
      if (news.kind === 'changed') pending.ids.add(news.entityId);
      if (news.kind === 'missed') pending.all = true;
      latch.ring();
    });
    try {
      const seen = new Map<string, number>();
      let isFirst = true;
      for (let wanted: readonly string[] | 'all' = 'all'; !hasLeft();) {
        const asked = wanted;
        for (const row of await patiently(() => read(asked), hasLeft)) {
          if (hasLeft()) return;
          if (row.version <= (seen.get(row.id) ?? (isFirst ? afterVersion : 0))) {
            seen.set(row.id, Math.max(row.version, seen.get(row.id) ?? 0));
            continue;
          }
          seen.set(row.id, row.version);
          yield row;
        }
        isFirst = false;
        while (pending.ids.size === 0 && !pending.all && !hasLeft()) {
          // A ring whose news was taken while it was busy wakes it for nothing.
          if (!(await latch.wait(HEAL_EVERY_MS))) pending.all = true;
        }
        wanted = pending.all ? 'all' : [...pending.ids];
        pending.all = false;
        pending.ids.clear();
      }
    } finally {
      stopListening();
    }
  });
}

/**
 * Reads again when a read fails: a database that is away for a moment should not end every stream there is. Throws
 * what the last try threw.
 */
async function patiently<T>(read: () => Promise<T>, hasLeft: () => boolean): Promise<T> {
  for (const waitMs of READ_AGAIN_AFTER_MS) {
    try {
      return await read();
    } catch (error) {
      if (hasLeft()) throw error;
      await pause(waitMs);
    }
  }
  return read();
}

const READ_AGAIN_AFTER_MS = [200, 500, 1000, 2000, 4000, 8000];

/**
 * An iterator whose return() takes effect while it waits: that of a plain async generator would be queued behind the
 * wait, and its listener would stay for as long.
 */
function leavable<Row>(
  generate: (reader: {
    readonly latch: Latch;
    readonly hasLeft: () => boolean;
    readonly leave: () => void;
  }) => AsyncGenerator<Row, void, undefined>,
): AsyncIterableIterator<Row> {
  const latch = new Latch();
  let left = false;
  const leave = () => {
    left = true;
    latch.ring();
  };
  const rows = generate({ latch, hasLeft: () => left, leave });
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => rows.next(),
    async return() {
      leave();
      return rows.return();
    },
  };
}

import { Latch } from './latch.ts';

/** What changed; null: anything may have, read everything again. */
export type News = { readonly entityId: string | null };

/** Begins to listen at once, before it returns. Call what it returns to stop. */
export type Listen = (onNews: (news: News) => void) => () => void;

/** Everything is read again this often, so that a lost announcement delays a change and never hides it. */
export const HEAL_EVERY_MS = 60_000;

/**
 * A row as it is now (unless its version is not above `afterVersion`), then as it is after every change. Versions
 * only grow; changes that follow each other faster than they are read are told as one.
 *
 * It listens before it reads, so nothing falls between the first state and the stream. Ends when the row is gone,
 * after a state that `isLast`, or when the reader leaves; a row that is not there at the start gives nothing at all.
 */
export function watchRow<Row extends { readonly version: number }>(options: {
  readonly listen: Listen;
  readonly read: () => Promise<Row | null>;
  readonly afterVersion: number;
  readonly isLast?: (row: Row) => boolean;
}): AsyncIterableIterator<Row> {
  const { listen, read, isLast } = options;
  return leavable(async function* (latch, hasLeft) {
    const stopListening = listen(() => latch.ring());
    try {
      let seen = options.afterVersion;
      while (!hasLeft()) {
        const row = await read();
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
 * one that changes. Ends only when the reader leaves.
 *
 * @param read the rows with these ids, or all of them; those that are gone are left out
 */
export function watchRows<Row extends { readonly id: string; readonly version: number }>(options: {
  readonly listen: Listen;
  readonly read: (ids: readonly string[] | 'all') => Promise<readonly Row[]>;
  readonly afterVersion: number;
}): AsyncIterableIterator<Row> {
  const { listen, read, afterVersion } = options;
  return leavable(async function* (latch, hasLeft) {
    const changed = new Set<string | null>();
    const stopListening = listen(({ entityId }) => {
      changed.add(entityId);
      latch.ring();
    });
    try {
      const seen = new Map<string, number>();
      let isFirst = true;
      for (let wanted: readonly string[] | 'all' = 'all'; !hasLeft();) {
        for (const row of await read(wanted)) {
          if (hasLeft()) return;
          if (row.version <= (seen.get(row.id) ?? (isFirst ? afterVersion : 0))) {
            seen.set(row.id, Math.max(row.version, seen.get(row.id) ?? 0));
            continue;
          }
          seen.set(row.id, row.version);
          yield row;
        }
        isFirst = false;
        if (changed.size === 0) await latch.wait(HEAL_EVERY_MS);
        const ids = [...changed].filter((id) => id !== null);
        wanted = ids.length === 0 || changed.has(null) ? 'all' : ids;
        changed.clear();
      }
    } finally {
      stopListening();
    }
  });
}

/**
 * An iterator whose return() takes effect while it waits: that of a plain async generator would be queued behind the
 * wait, and its listener would stay for as long.
 */
function leavable<Row>(
  generate: (latch: Latch, hasLeft: () => boolean) => AsyncGenerator<Row, void, undefined>,
): AsyncIterableIterator<Row> {
  const latch = new Latch();
  let left = false;
  const rows = generate(latch, () => left);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => rows.next(),
    async return() {
      left = true;
      latch.ring();
      return rows.return();
    },
  };
}

import { Signal } from '../async/signal.ts';

export type RowNews =
  | { readonly kind: 'changed'; readonly entityId: string }
  /** News may have been missed: read everything again. */
  | { readonly kind: 'missed' }
  /** The server is closing: nothing more will come. */
  | { readonly kind: 'closing' };

/** Begins to listen at once, before it returns. Call what it returns to stop. */
export type Subscribe = (onNews: (news: RowNews) => void) => () => void;

/** Everything is read again this often, so that a lost announcement delays a change and never hides it. */
export const RESYNC_INTERVAL_MS = 60_000;

/**
 * A row as it is now (unless its version is not above `afterVersion`), then as it is after every change. Versions
 * only grow; changes that follow each other faster than they are read are told as one.
 *
 * It listens before it reads, so nothing falls between the first state and the stream. Resolves with null when there is
 * no such row. Ends when the row is gone, after a state that `isLast`, when the reader leaves or the server closes.
 */
export async function watchRow<Row extends { readonly version: number }>(options: {
  readonly listen: Subscribe;
  readonly read: () => Promise<Row | null>;
  readonly afterVersion: number;
  readonly isLast?: (row: Row) => boolean;
}): Promise<AsyncIterableIterator<Row> | null> {
  const { listen, read, isLast } = options;
  const reader = createReader();
  const { signal, hasLeft, leave } = reader;
  const stopListening = listen(({ kind }) => (kind === 'closing' ? leave() : signal.notify()));
  // Not again and again: whoever subscribes is there to be told that it cannot be read.
  const first = await read().catch((error: unknown) => {
    stopListening();
    throw error;
  });
  if (first === null) {
    stopListening();
    // Nobody knows whether there is such a row when the server closed before it was read.
    if (!hasLeft()) return null;
  }
  async function* rows(): AsyncGenerator<Row, void, undefined> {
    let seen = options.afterVersion;
    for (let row = first; row !== null && !hasLeft(); row = await retry(read, reader)) {
      if (row.version > seen) {
        seen = row.version;
        yield row;
      }
      if (isLast?.(row) === true || hasLeft()) return;
      await signal.wait(RESYNC_INTERVAL_MS);
      if (hasLeft()) return;
    }
  }
  return cancellable(rows(), reader, stopListening);
}

/** A row's id and how far it has come. */
export type Standing = { readonly id: string; readonly version: number };

/** How many rows are read at once: what is kept for a reader that takes one row at a time should be little. */
const READ_AT_ONCE = 100;
const LIST_AT_ONCE = 1000;
/** With news of more rows than this, all are looked through. */
const MAX_PENDING = 1000;

/**
 * The same for a set of rows that grows and shrinks: first every row whose version is above `afterVersion`, then each
 * one that changes. Ends only when the reader leaves or the server closes.
 *
 * Looking through all rows reads no more of those that did not change than their standing.
 *
 * @param list the standings of all rows in the order of their ids, from the first id after `afterId` on, `limit` at most
 * @param read the rows with these ids; those that are gone are left out
 */
export function watchRows<Row extends Standing>(options: {
  readonly listen: Subscribe;
  readonly list: (afterId: string, limit: number) => Promise<readonly Standing[]>;
  readonly read: (ids: readonly string[]) => Promise<readonly Row[]>;
  readonly afterVersion: number;
}): AsyncIterableIterator<Row> {
  const { listen, list, read, afterVersion } = options;
  const reader = createReader();
  const { signal, hasLeft, leave } = reader;
  async function* rows(): AsyncGenerator<Row, void, undefined> {
    const pending = { ids: new Set<string>(), all: true };
    const stopListening = listen((news) => {
      if (news.kind === 'closing') leave();
      if (news.kind === 'changed') pending.ids.add(news.entityId);
      if (news.kind === 'missed' || pending.ids.size > MAX_PENDING) pending.all = true;
      if (pending.all) pending.ids.clear();
      signal.notify();
    });
    const seen = new Map<string, number>();
    /** Rows that were there at the start count as seen up to `afterVersion`. */
    let known = afterVersion;

    async function* changedOfAll(): AsyncGenerator<readonly string[]> {
      const gone = new Set(seen.keys());
      for (let afterId: string | undefined = ''; afterId !== undefined;) {
        const from: string = afterId;
        const page: readonly Standing[] | null = await retry(() => list(from, LIST_AT_ONCE), reader);
        if (page === null || hasLeft()) return;
        for (const { id, version } of page) {
          gone.delete(id);
          if (!seen.has(id)) seen.set(id, Math.min(version, known));
        }
        yield* inPieces(page.filter(({ id, version }) => version > (seen.get(id) ?? 0)).map(({ id }) => id));
        afterId = page.length < LIST_AT_ONCE ? undefined : page.at(-1)?.id;
      }
      for (const id of gone) seen.delete(id);
      known = 0;
    }

    try {
      while (!hasLeft()) {
        const ids = [...pending.ids];
        pending.ids.clear();
        const isAll = pending.all;
        pending.all = false;
        for await (const piece of isAll ? changedOfAll() : inPieces(ids)) {
          for (const row of (await retry(() => read(piece), reader)) ?? []) {
            if (hasLeft()) return;
            if (row.version <= (seen.get(row.id) ?? 0)) continue;
            seen.set(row.id, row.version);
            yield row;
          }
        }
        while (pending.ids.size === 0 && !pending.all && !hasLeft()) {
          // A ring whose news was taken while it was busy wakes it for nothing.
          if (!(await signal.wait(RESYNC_INTERVAL_MS))) pending.all = true;
        }
      }
    } finally {
      stopListening();
    }
  }
  return cancellable(rows(), reader);
}

function* inPieces(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += READ_AT_ONCE) yield ids.slice(from, from + READ_AT_ONCE);
}

/**
 * Reads again when a read fails: a database that is away for a moment should not end every stream there is. Resolves
 * with null when the reader leaves meanwhile; throws what the last try threw.
 */
async function retry<T>(read: () => Promise<T>, { hasLeft, pause }: Reader): Promise<T | null> {
  for (const waitMs of READ_AGAIN_AFTER_MS) {
    try {
      return await read();
    } catch {
      if (!hasLeft()) await pause(waitMs);
      if (hasLeft()) return null;
    }
  }
  return read();
}

const READ_AGAIN_AFTER_MS = [200, 500, 1000, 2000, 4000, 8000];

/** Whoever takes the rows, as the generator of them sees it. */
type Reader = {
  readonly signal: Signal;
  readonly hasLeft: () => boolean;
  readonly leave: () => void;
  /** Resolves after so long, or at once when the reader leaves. */
  readonly pause: (ms: number) => Promise<void>;
};

function createReader(): Reader {
  const signal = new Signal();
  let left = false;
  let endPause: (() => void) | undefined;
  return {
    signal,
    hasLeft: () => left,
    leave() {
      left = true;
      signal.notify();
      endPause?.();
    },
    pause: (ms) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}

/**
 * An iterator whose return() takes effect while it waits: that of a plain async generator would be queued behind the
 * wait, and its listener would stay for as long.
 *
 * @param onEnd called when it ends, fails or is left, also when nothing was ever taken from it; may be called again
 */
function cancellable<Row>(
  rows: AsyncGenerator<Row, void, undefined>,
  { leave }: Reader,
  onEnd: () => void = () => undefined,
): AsyncIterableIterator<Row> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const step = await rows.next();
        if (step.done === true) onEnd();
        return step;
      } catch (error) {
        onEnd();
        throw error;
      }
    },
    async return() {
      leave();
      onEnd();
      return rows.return();
    },
  };
}

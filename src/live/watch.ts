import { retry } from '../async/retry.ts';
import { Signal } from '../async/signal.ts';
import { MINUTE_MS } from '../values/units.ts';
import type { Subscribe } from './notifications.ts';

/** Every watcher reads again this often, so that a lost notification delays a change and never hides it. */
export const RESYNC_INTERVAL_MS = MINUTE_MS;

/**
 * A row now (if its version is above `afterVersion`), and again after every change. Versions only grow. Changes that are
 * faster than the consumer are merged. It listens before the first read, so no change is missed.
 *
 * Resolves with null when there is no such row. Ends when the row is deleted, after a row that `isLast`, or when the
 * consumer leaves or the server closes.
 */
export async function watchRow<Row extends { readonly version: number }>(options: {
  readonly listen: Subscribe;
  readonly read: () => Promise<Row | null>;
  readonly afterVersion: number;
  readonly isLast?: ((row: Row) => boolean) | undefined;
}): Promise<AsyncIterableIterator<Row> | null> {
  const { listen, read, isLast } = options;
  const consumer = new Consumer();
  const stopListening = listen(({ kind }) => {
    if (kind === 'closing') consumer.leave();
    else consumer.changed.notify();
  });
  // No retries: the subscriber is still there to receive the error.
  const first = await read().catch((error: unknown) => {
    stopListening();
    throw error;
  });
  if (first === null) {
    stopListening();
    // If the server closed during the read, the row may exist.
    if (!consumer.hasLeft()) return null;
  }
  async function* rows(): AsyncGenerator<Row, void, undefined> {
    let seen = options.afterVersion;
    for (let row = first; row !== null && !consumer.hasLeft(); row = await consumer.read(read)) {
      if (row.version > seen) {
        seen = row.version;
        yield row;
      }
      if (isLast?.(row) === true || consumer.hasLeft()) return;
      await consumer.changed.wait(RESYNC_INTERVAL_MS);
      if (consumer.hasLeft()) return;
    }
  }
  return cancellable(rows(), consumer, stopListening);
}

type RowVersion = { readonly id: string; readonly version: number };

/** Few, because all rows of a read stay in memory until the consumer has taken the last one. */
const READ_SIZE = 100;
const PAGE_SIZE = 1000;
/** More changed rows than this are found by listing all versions. */
const MAX_PENDING = 1000;

/**
 * The same for a set of rows that grows and shrinks: first every row whose version is above `afterVersion`, then each
 * changed row. Ends only when the consumer leaves or the server closes. Of unchanged rows it reads the version only.
 *
 * @param list at most `limit` versions after the id `afterId`, ordered by id
 * @param read the rows with these ids, without those that were deleted
 */
export function watchRows<Row extends RowVersion>(options: {
  readonly listen: Subscribe;
  readonly list: (afterId: string, limit: number) => Promise<readonly RowVersion[]>;
  readonly read: (ids: readonly string[]) => Promise<readonly Row[]>;
  readonly afterVersion: number;
}): AsyncIterableIterator<Row> {
  const { listen, list, read, afterVersion } = options;
  const consumer = new Consumer();
  async function* rows(): AsyncGenerator<Row, void, undefined> {
    const pending = { ids: new Set<string>(), all: true };
    const stopListening = listen((event) => {
      if (event.kind === 'closing') consumer.leave();
      if (event.kind === 'changed') pending.ids.add(event.entityId);
      if (event.kind === 'missed' || pending.ids.size > MAX_PENDING) pending.all = true;
      if (pending.all) pending.ids.clear();
      consumer.changed.notify();
    });
    const seen = new Map<string, number>();
    /** Rows of the first listing count as seen up to this version. */
    let initialVersion = afterVersion;

    async function* changedOfAll(): AsyncGenerator<readonly string[]> {
      const deleted = new Set(seen.keys());
      for (let afterId: string | undefined = ''; afterId !== undefined;) {
        const from: string = afterId;
        const page: readonly RowVersion[] | null = await consumer.read(() => list(from, PAGE_SIZE));
        if (page === null || consumer.hasLeft()) return;
        for (const { id, version } of page) {
          deleted.delete(id);
          if (!seen.has(id)) seen.set(id, Math.min(version, initialVersion));
        }
        yield* chunks(page.filter(({ id, version }) => version > (seen.get(id) ?? 0)).map(({ id }) => id));
        afterId = page.length < PAGE_SIZE ? undefined : page.at(-1)?.id;
      }
      for (const id of deleted) seen.delete(id);
      initialVersion = 0;
    }

    try {
      while (!consumer.hasLeft()) {
        const ids = [...pending.ids];
        pending.ids.clear();
        const isAll = pending.all;
        pending.all = false;
        for await (const chunk of isAll ? changedOfAll() : chunks(ids)) {
          for (const row of (await consumer.read(() => read(chunk))) ?? []) {
            if (consumer.hasLeft()) return;
            if (row.version <= (seen.get(row.id) ?? 0)) continue;
            seen.set(row.id, row.version);
            yield row;
          }
        }
        // The signal may stem from a change that was read already.
        while (pending.ids.size === 0 && !pending.all && !consumer.hasLeft()) {
          if (!(await consumer.changed.wait(RESYNC_INTERVAL_MS))) pending.all = true;
        }
      }
    } finally {
      stopListening();
    }
  }
  return cancellable(rows(), consumer);
}

function* chunks(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += READ_SIZE) yield ids.slice(from, from + READ_SIZE);
}

const PAUSES_MS = [200, 500, 1000, 2000, 4000, 8000];

/** The consumer of a stream, as the generator of its rows sees it. */
export class Consumer {
  readonly changed = new Signal();
  readonly #left = new Signal();
  #hasLeft = false;

  hasLeft(): boolean {
    return this.#hasLeft;
  }

  leave(): void {
    this.#hasLeft = true;
    this.#left.notify();
    this.changed.notify();
  }

  /** Retries, so that a short outage of the database ends no stream. Null when the consumer leaves in between. */
  async read<T>(read: () => Promise<T>): Promise<T | null> {
    return retry<T | null>(
      async () => (this.hasLeft() ? null : read()),
      PAUSES_MS,
      (ms) => this.#left.wait(ms),
    );
  }
}

/**
 * An iterator whose return() ends a pending next(). The return() of an async generator is queued behind it, and its
 * listener would stay as long.
 *
 * @param onEnd called when the rows end, fail or are left, even before the first next(); may be called again
 */
export function cancellable<Row>(
  rows: AsyncGenerator<Row, void, undefined>,
  consumer: Consumer,
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
      consumer.leave();
      onEnd();
      return rows.return();
    },
  };
}

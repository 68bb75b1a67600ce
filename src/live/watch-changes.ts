import { Consumer, RESYNC_INTERVAL_MS, cancellable } from './watch.ts';
import type { Subscribe } from './notifications.ts';

/** The newest change of one avatar or generation. */
export type Change = {
  readonly entityId: string;
  /** Of the row since this change. */
  readonly version: number;
  /** In the order of the owner's changes. */
  readonly position: bigint;
};

export type ChangePage = {
  /** Of the owner's newest change that has a position. */
  readonly last: bigint;
  /** Of the newest change that is no longer known. */
  readonly forgotten: bigint;
  readonly changes: readonly Change[];
};

export interface ChangeLog {
  /** From now on it is known which of the owner's changes are forgotten. */
  open(ownerId: string): Promise<void>;
  /** Gives a position to every committed change that has none: a higher one than any change had before. */
  order(ownerId: string): Promise<void>;
  /** At most `limit` changes after a position, in order, as of one moment; none after null. */
  read(ownerId: string, after: bigint | null, limit: number): Promise<ChangePage>;
}

export type ChangeEvent<Row> =
  | { readonly kind: 'caught-up'; readonly position: bigint }
  | { readonly kind: 'changed'; readonly position: bigint; readonly row: Row }
  | { readonly kind: 'deleted'; readonly position: bigint; readonly entityId: string };

/** Few, because all rows of a page stay in memory until the consumer has taken the last one. */
const PAGE_SIZE = 100;
/** Beyond it a state may be given twice. */
const MAX_AHEAD = 1000;

/**
 * Every change of an owner's avatars and generations after a position; without one, every change from now on. A change is
 * given as the row that it left, or as a deletion. `caught-up` follows once, after the changes before the call. Several
 * changes of one row may be given as one. Versions of a row only grow.
 *
 * @param onForgotten makes the error of a position that is too old, or of no position of this owner
 */
export async function watchChanges<Row extends { readonly version: number }>(options: {
  readonly listen: Subscribe;
  readonly log: ChangeLog;
  readonly ownerId: string;
  readonly after: bigint | null;
  /** Null for a deleted row. */
  readonly read: (entityId: string) => Promise<Row | null>;
  readonly onForgotten: () => Error;
}): Promise<AsyncIterableIterator<ChangeEvent<Row>>> {
  const { listen, log, ownerId, onForgotten } = options;
  const consumer = new Consumer();
  const stopListening = listen(({ kind }) => {
    if (kind === 'closing') consumer.leave();
    else consumer.changed.notify();
  });

  function checked(page: ChangePage, after: bigint): ChangePage {
    if (page.forgotten > after || page.last < after) throw onForgotten();
    return page;
  }

  async function firstPage({ after }: { readonly after: bigint | null }): Promise<ChangePage> {
    await log.open(ownerId);
    await log.order(ownerId);
    const page = await log.read(ownerId, after, PAGE_SIZE);
    return after === null ? page : checked(page, after);
  }

  // No retries: the subscriber is still there to receive the error.
  const first = await firstPage(options).catch((error: unknown) => {
    stopListening();
    throw error;
  });

  /** Versions that were given before the change that led to them was read. */
  const ahead = new Map<string, number>();

  async function* eventsOf({ changes }: ChangePage): AsyncGenerator<ChangeEvent<Row>> {
    const rows = await consumer.read(() =>
      Promise.all(changes.map((change) => options.read(change.entityId))),
    );
    if (rows === null) return;
    for (const [index, { entityId, version, position }] of changes.entries()) {
      const row = rows[index] ?? null;
      const given = ahead.get(entityId) ?? 0;
      ahead.delete(entityId);
      if (row === null) {
        yield { kind: 'deleted', position, entityId };
        continue;
      }
      if (ahead.size >= MAX_AHEAD) ahead.clear();
      if (row.version > version) ahead.set(entityId, row.version);
      if (row.version > given) yield { kind: 'changed', position, row };
    }
  }

  async function* events(): AsyncGenerator<ChangeEvent<Row>, void, undefined> {
    let position = options.after ?? first.last;
    let isCaughtUp = false;
    for (let page: ChangePage | null = first; page !== null && !consumer.hasLeft();) {
      for await (const event of eventsOf(page)) {
        if (consumer.hasLeft()) return;
        yield event;
      }
      position = page.changes.at(-1)?.position ?? position;
      if (page.changes.length < PAGE_SIZE) {
        if (!isCaughtUp) yield { kind: 'caught-up', position };
        isCaughtUp = true;
        await consumer.changed.wait(RESYNC_INTERVAL_MS);
        if (consumer.hasLeft()) return;
        await consumer.read(() => log.order(ownerId));
      }
      if (consumer.hasLeft()) return;
      const from = position;
      page = await consumer.read(() => log.read(ownerId, from, PAGE_SIZE));
      if (page !== null) checked(page, from);
    }
  }
  return cancellable(events(), consumer, stopListening);
}

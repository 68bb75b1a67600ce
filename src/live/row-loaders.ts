import DataLoader from 'dataloader';
import type { Avatar, Generation, PrismaClient } from '../generated/prisma/client.ts';

type Row = { readonly id: string; readonly ownerId: string };
type Key = { readonly ownerId: string; readonly id: string };

type FindMany<R> = (where: {
  readonly ownerId: { readonly in: string[] };
  readonly id: { readonly in: string[] };
}) => Promise<readonly R[]>;

/** Reads the owner's row; null when there is none. */
export type RowLoader<R> = (ownerId: string, id: string) => Promise<R | null>;

/** How subscriptions read the row they watch. */
export type RowLoaders = {
  readonly avatars: RowLoader<Avatar>;
  readonly generations: RowLoader<Generation>;
};

export function createRowLoaders({ avatar, generation }: PrismaClient): RowLoaders {
  return {
    avatars: createRowLoader((where) => avatar.findMany({ where })),
    generations: createRowLoader((where) => generation.findMany({ where })),
  };
}

const MAX_BATCH_SIZE = 200;
const MAX_CONCURRENT_QUERIES = 2;

/**
 * Batches the reads of one turn of the event loop, and of the time until one of two queries ends: thousands of watchers
 * that wake together after an outage cause some ten queries. Nothing is cached: a read begins after its call.
 */
export function createRowLoader<R extends Row>(findMany: FindMany<R>): RowLoader<R> {
  /** Complete batches that wait for a running query; DataLoader has no limit of concurrent batches. */
  const ready: (() => void)[] = [];
  let running = 0;
  const startNext = () => {
    if (running < MAX_CONCURRENT_QUERIES) ready.shift()?.();
  };

  async function readBatch(keys: readonly Key[]): Promise<(R | null)[]> {
    running += 1;
    try {
      const rows = await findMany({
        ownerId: { in: [...new Set(keys.map(({ ownerId }) => ownerId))] },
        id: { in: [...new Set(keys.map(({ id }) => id))] },
      });
      const byId = new Map(rows.map((row) => [row.id, row]));
      return keys.map(({ ownerId, id }) => {
        const row = byId.get(id);
        // The batch mixes owners, so the row may be another owner's.
        return row?.ownerId === ownerId ? { ...row } : null;
      });
    } finally {
      running -= 1;
      startNext();
    }
  }

  const loader = new DataLoader(readBatch, {
    cache: false,
    maxBatchSize: MAX_BATCH_SIZE,
    // DataLoader's default batches one callback's reads; every socket has a callback of its own.
    batchScheduleFn: (dispatch) =>
      void setImmediate(() => {
        ready.push(dispatch);
        startNext();
      }),
  });
  return (ownerId, id) => loader.load({ ownerId, id });
}

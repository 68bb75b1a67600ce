import { GatheredReads } from './batch-reads.ts';
import type { Avatar, Generation, PrismaClient } from '../generated/prisma/client.ts';

/** How subscriptions read the one row they are about. */
export type WatchedRows = {
  readonly avatars: GatheredReads<Avatar>;
  readonly generations: GatheredReads<Generation>;
};

export function watchedRows({ avatar, generation }: PrismaClient): WatchedRows {
  return {
    avatars: new GatheredReads((where) => avatar.findMany({ where })),
    generations: new GatheredReads((where) => generation.findMany({ where })),
  };
}

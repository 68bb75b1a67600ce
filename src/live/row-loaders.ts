import { BatchReads } from './batch-reads.ts';
import type { Avatar, Generation, PrismaClient } from '../generated/prisma/client.ts';

/** How subscriptions read the one row they are about. */
export type RowLoaders = {
  readonly avatars: BatchReads<Avatar>;
  readonly generations: BatchReads<Generation>;
};

export function createRowLoaders({ avatar, generation }: PrismaClient): RowLoaders {
  return {
    avatars: new BatchReads((where) => avatar.findMany({ where })),
    generations: new BatchReads((where) => generation.findMany({ where })),
  };
}

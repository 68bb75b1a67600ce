import type pg from 'pg';
import { avatarStore } from './avatars.ts';
import { decisionStore } from './decision-store.ts';
import { deletionStore } from './deletions.ts';
import { deliveryStore } from './deliveries.ts';
import { generationStore } from './generations.ts';
import { jobCreations } from './create-job.ts';
import { outboxStore } from './outbox.ts';
import { pollStore } from './polls.ts';
import { submitStore } from './submits.ts';
import { trainingStore } from './trainings.ts';
import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { SpendLimits } from '../../domain/quota.ts';

export type JobStore = ReturnType<typeof createJobStore>;

/** Jobs, avatars and the outbox in the database. All waiting times are on the database's clock. */
export function createJobStore(
  { prisma, pool }: { readonly prisma: PrismaClient; readonly pool: pg.Pool },
  limits: SpendLimits & { readonly avatarsPerOwner: number | null },
  instanceId: string,
) {
  return {
    ...avatarStore(prisma, limits.avatarsPerOwner),
    ...decisionStore(pool),
    ...deletionStore(prisma),
    ...deliveryStore(prisma, instanceId),
    ...generationStore(prisma),
    ...jobCreations(prisma, limits),
    ...outboxStore(prisma, pool),
    ...pollStore(prisma, instanceId),
    ...submitStore(prisma),
    ...trainingStore(prisma),
  };
}

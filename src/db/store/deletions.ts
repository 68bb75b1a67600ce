import { announce, REPLACE_CHANGE } from './announce.ts';
import { isId } from '../../jobs/ids.ts';
import { OPEN_STATES } from '../../domain/job-state.ts';
import { Prisma, type PrismaClient } from '../../generated/prisma/client.ts';
import type { OutboxEntry } from '../../jobs/publish-outbox.ts';

export async function deleteAvatar(
  prisma: PrismaClient,
  ownerId: string,
  avatarId: string,
): Promise<readonly OutboxEntry[] | null> {
  if (!isId(avatarId)) return null;
  return prisma.$transaction(async (tx) => {
    if ((await tx.avatar.findFirst({ where: { id: avatarId, ownerId } })) === null) return null;
    // The jobs' locks before the avatar's, in the order of save().
    await endJobs(tx, { avatarId });
    const [avatar] = await tx.$queryRaw<{ version: number }[]>`
      SELECT version FROM avatars WHERE id = ${avatarId} AND owner_id = ${ownerId} FOR UPDATE`;
    if (avatar === undefined) return null;
    // Jobs created since. A later one waits for the avatar's lock and finds the avatar deleted.
    await endJobs(tx, { avatarId });
    // Nobody watches a generation that has ended.
    const watched = await tx.$queryRaw<{ entityId: string; version: number }[]>`
      WITH gone AS (
        DELETE FROM generations WHERE avatar_id = ${avatarId} RETURNING id, status, version + 1 AS version
      ), recorded AS (
        INSERT INTO changes (entity_id, owner_id, version) SELECT id, ${ownerId}, version FROM gone
        ${Prisma.raw(REPLACE_CHANGE)}
      )
      SELECT id AS "entityId", version FROM gone WHERE status IN ('QUEUED', 'RUNNING')`;
    await tx.avatar.delete({ where: { id: avatarId } });
    return announce(tx, ownerId, [
      { kind: 'AVATAR', entityId: avatarId, version: avatar.version + 1 },
      ...watched.map((generation) => ({ ...generation, kind: 'GENERATION' as const })),
    ]);
  });
}

export async function deleteGeneration(
  prisma: PrismaClient,
  ownerId: string,
  generationId: string,
): Promise<{ readonly avatarId: string; readonly outbox: readonly OutboxEntry[] } | null> {
  if (!isId(generationId)) return null;
  return prisma.$transaction(async (tx) => {
    if ((await tx.generation.findFirst({ where: { id: generationId, ownerId } })) === null) return null;
    // The job's lock before the generation's, in the order of save().
    await endJobs(tx, { generationId });
    const [generation] = await tx.$queryRaw<{ version: number; avatarId: string }[]>`
      DELETE FROM generations WHERE id = ${generationId} RETURNING version, avatar_id AS "avatarId"`;
    if (generation === undefined) return null;
    const { avatarId, version } = generation;
    await tx.resultFile.deleteMany({ where: { runId: generationId } });
    const change = { kind: 'GENERATION', entityId: generationId, version: version + 1 } as const;
    return { avatarId, outbox: await announce(tx, ownerId, [change]) };
  });
}

/** Cancels open jobs, whose runs must still be stopped at fal, and deletes what the caller sent in and got. */
async function endJobs(
  tx: Prisma.TransactionClient,
  of: { readonly avatarId: string } | { readonly generationId: string },
): Promise<void> {
  const now = new Date();
  await tx.job.updateMany({
    where: { ...of, state: { in: [...OPEN_STATES] } },
    data: {
      state: 'CANCELLED',
      settledBy: 'DELETE',
      settledAt: now,
      cancelRequestedAt: now,
      openTrainingAvatarId: null,
      nextPollAt: now,
      revision: { increment: 1 },
    },
  });
  await tx.job.updateMany({ where: of, data: { input: {}, artifact: Prisma.DbNull } });
  await tx.webhookDelivery.updateMany({ where: { job: of }, data: { body: null } });
}

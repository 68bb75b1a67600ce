import { recordChanges, REPLACE_CHANGE } from './record-changes.ts';
import { FILES_OF_ARTIFACT } from './result-file-store.ts';
import { isId } from '../../jobs/ids.ts';
import { isTraining } from '../run-conditions.ts';
import { outboxEntry } from './job-rows.ts';
import { FINAL_STATES, OPEN_STATES } from '../../domain/job-state.ts';
import { Prisma, type PrismaClient } from '../../generated/prisma/client.ts';
import { MAX_FILES_LISTED, type DeleteAvatarDeps, type Removed } from '../../jobs/delete-avatar.ts';
import type { DeleteGenerationDeps } from '../../jobs/delete-generation.ts';

type Store = Pick<DeleteAvatarDeps['store'], 'deleteAvatar'> &
  Pick<DeleteGenerationDeps['store'], 'deleteGeneration'>;

/** An avatar may have tens of thousands of generations: on a busy machine 20,000 took 4 s, embedded 8 s. */
const TRANSACTION = { timeout: 60_000 };

export function deletionStore(prisma: PrismaClient): Store {
  return {
    async deleteAvatar(ownerId, avatarId) {
      if (!isId(avatarId)) return null;
      return prisma.$transaction(async (tx) => {
        const found = await tx.avatar.findFirst({ where: { id: avatarId, ownerId }, select: { id: true } });
        if (found === null) return null;
        // The jobs' locks before the avatar's, in the order of save(). What they made is deleted with them.
        await lockJobs(tx, { avatarId });
        const removed = await removedWith(tx, avatarId);
        await endJobs(tx, { avatarId });
        const [avatar] = await tx.$queryRaw<{ version: number; photosVersion: number }[]>`
          SELECT version, photos_version AS "photosVersion" FROM avatars WHERE id = ${avatarId} AND owner_id = ${ownerId} FOR UPDATE`;
        if (avatar === undefined) return null;
        // Jobs created since. With a save() of one this may be a deadlock, which ends one of both as an outage would. A
        // later one waits for the avatar's lock and finds the avatar deleted.
        await lockJobs(tx, { avatarId });
        await endJobs(tx, { avatarId });
        // Nobody watches a generation that has ended.
        const watched = await tx.$queryRaw<{ entityId: string; version: number }[]>`
          WITH gone AS (
            DELETE FROM generations WHERE avatar_id = ${avatarId} RETURNING id, status, version + 1 AS version
          ), recorded AS (
            INSERT INTO changes (entity_id, owner_id, version) SELECT id, ${ownerId}, version FROM gone
            ${Prisma.raw(REPLACE_CHANGE)}
          )
          SELECT id AS "entityId", version FROM gone WHERE status::text <> ALL(${[...FINAL_STATES]})`;
        await tx.avatar.delete({ where: { id: avatarId } });
        const outbox = await recordChanges(tx, ownerId, [
          { kind: 'AVATAR', entityId: avatarId, version: avatar.version + 1 },
          ...watched.map((generation) => ({ ...generation, kind: 'GENERATION' as const })),
        ]);
        const photoSet = {
          kind: 'PHOTO_SET',
          ownerId,
          entityId: avatarId,
          version: avatar.photosVersion + 1,
        };
        return {
          removed,
          outbox: [...outbox, outboxEntry(await tx.announcement.create({ data: photoSet }))],
        };
      }, TRANSACTION);
    },

    async deleteGeneration(ownerId, generationId) {
      if (!isId(generationId)) return null;
      return prisma.$transaction(async (tx) => {
        const where = { id: generationId, ownerId };
        if ((await tx.generation.findFirst({ where, select: { id: true } })) === null) return null;
        // The job's lock before the generation's, in the order of save().
        await lockJobs(tx, { generationId });
        await endJobs(tx, { generationId });
        const [generation] = await tx.$queryRaw<{ version: number; avatarId: string }[]>`
          DELETE FROM generations WHERE id = ${generationId} RETURNING version, avatar_id AS "avatarId"`;
        if (generation === undefined) return null;
        const { avatarId, version } = generation;
        await tx.resultFile.deleteMany({ where: { sourceId: generationId } });
        const change = { kind: 'GENERATION', entityId: generationId, version: version + 1 } as const;
        return { avatarId, outbox: await recordChanges(tx, ownerId, [change]) };
      });
    },
  };
}

async function removedWith(tx: Prisma.TransactionClient, avatarId: string): Promise<Removed> {
  const [counts] = await tx.$queryRaw<Omit<Removed, 'atFal'>[]>`
    SELECT (SELECT count(*)::int FROM generations WHERE avatar_id = ${avatarId}) AS generations,
      (SELECT count(*)::int FROM jobs WHERE avatar_id = ${avatarId} AND ${Prisma.raw(isTraining('jobs'))}) AS trainings,
      p.photos, p.bytes + c.bytes AS bytes, json_build_object('photos', p.stored, 'copies', c.stored) AS stored
    FROM (
      SELECT count(*)::int AS photos, count(file)::int AS stored,
        coalesce(sum(size) FILTER (WHERE file IS NOT NULL), 0)::float8 AS bytes
      FROM photos WHERE avatar_id = ${avatarId}
    ) p, (
      SELECT count(file)::int AS stored, coalesce(sum(size) FILTER (WHERE file IS NOT NULL), 0)::float8 AS bytes
      FROM result_files WHERE avatar_id = ${avatarId}
    ) c`;
  const atFal = await tx.$queryRaw<Removed['atFal'][number][]>`
    SELECT f.kind, f.url, f.at AS "madeAt" FROM (
      SELECT 'IMAGE' AS kind, i->>'url' AS url, g.completed_at AS at, g.id
      FROM generations g CROSS JOIN LATERAL jsonb_array_elements(g.images) i WHERE g.avatar_id = ${avatarId}
      UNION ALL
      SELECT 'ARTIFACT', u, runs.settled_at, runs.id
      FROM jobs runs CROSS JOIN LATERAL jsonb_array_elements_text(${Prisma.raw(FILES_OF_ARTIFACT)}) u
      WHERE runs.avatar_id = ${avatarId} AND runs.artifact->>'kind' = 'LORA'
      UNION ALL
      SELECT 'PHOTOS', photos_url, created_at, id FROM jobs WHERE avatar_id = ${avatarId} AND photos_url IS NOT NULL
    ) f ORDER BY f.kind = 'PHOTOS' DESC, f.kind, f.id DESC LIMIT ${MAX_FILES_LISTED}`;
  const none = { generations: 0, trainings: 0, photos: 0, bytes: 0, stored: { photos: 0, copies: 0 } };
  return { ...(counts ?? none), atFal };
}

type JobsOf = { readonly avatarId: string } | { readonly generationId: string };

/** A webhook about one of the jobs is stored before this, or finds its job detached. */
async function lockJobs(tx: Prisma.TransactionClient, of: JobsOf): Promise<void> {
  const isOfThese =
    'avatarId' in of
      ? Prisma.sql`avatar_id = ${of.avatarId}`
      : Prisma.sql`generation_id = ${of.generationId}`;
  await tx.$queryRaw`SELECT count(*) FROM (SELECT FROM jobs WHERE ${isOfThese} ORDER BY id FOR UPDATE) locked`;
}

/**
 * Cancels open jobs, whose runs must still be stopped at fal, deletes inputs, artifacts and webhook bodies, and detaches
 * the jobs from what is deleted: a second call finds only jobs that were created since. The jobs must be locked.
 */
async function endJobs(tx: Prisma.TransactionClient, of: JobsOf): Promise<void> {
  const now = new Date();
  await tx.webhookDelivery.updateMany({ where: { job: of, body: { not: null } }, data: { body: null } });
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
  await tx.job.updateMany({
    where: of,
    data: {
      input: {},
      photosUrl: null,
      artifact: Prisma.DbNull,
      generationId: null,
      ...('avatarId' in of ? { avatarId: null } : {}),
    },
  });
}

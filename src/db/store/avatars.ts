import { isDeepStrictEqual } from 'node:util';
import { recordChanges } from './record-changes.ts';
import { storable } from '../../values/jsonb.ts';
import { avatarForJob, FOR_JOB } from './job-rows.ts';
import { artifactColumns } from './decision-columns.ts';
import { DELETED_SINCE, NO_SUCH_AVATAR, refuse, type Result } from '../../domain/refusal.ts';
import { isId } from '../../jobs/ids.ts';
import { isUniqueViolation, untilDecided } from './unique-conflict.ts';
import { earlierCall } from './earlier-call.ts';
import { lockOwner } from './quota-usage.ts';
import { OPEN_STATES } from '../../domain/job-state.ts';
import type {
  AvatarStore,
  Imported,
  InsertedAvatar,
  InsertionCode,
  NewAvatar,
} from '../../jobs/create-avatar.ts';
import type { GenerateImageDeps } from '../../jobs/generate-image.ts';
import type { ImportAvatarDeps } from '../../jobs/import-avatar.ts';
import type { AvatarUpdate, UpdateStore } from '../../jobs/update-avatar.ts';
import type { Prisma, PrismaClient } from '../../generated/prisma/client.ts';

type Transaction = Prisma.TransactionClient;
type Idempotency = Parameters<AvatarStore['insertAvatar']>[1];
type Insertion = Result<InsertedAvatar, InsertionCode>;
type Update = Awaited<ReturnType<UpdateStore['updateAvatar']>>;

type Store = Pick<GenerateImageDeps['store'], 'findAvatar'> &
  Pick<ImportAvatarDeps['store'], 'findCreation' | 'insertAvatar'> &
  UpdateStore;

/** @param limit avatars of one owner; null: any number */
export function avatarStore(prisma: PrismaClient, limit: number | null): Store {
  return {
    async findAvatar(ownerId, avatarId) {
      if (!isId(avatarId)) return null;
      const avatar = await prisma.avatar.findFirst({ where: { id: avatarId, ownerId }, select: FOR_JOB });
      return avatar && avatarForJob(avatar);
    },

    findCreation: (ownerId, idempotency) => findCreation(prisma, ownerId, idempotency),

    insertAvatar: (avatar, idempotency) =>
      untilDecided(() => tryToInsert(prisma, avatar, idempotency, limit)),

    async updateAvatar(ownerId, avatarId, update) {
      if (!isId(avatarId)) return NO_SUCH_AVATAR;
      return untilDecided(() => tryToUpdate(prisma, ownerId, avatarId, update));
    },
  };
}

/**
 * Writes an avatar with its idempotency key. Unique indexes decide between concurrent calls: one avatar per external id,
 * one per idempotency key.
 */
async function tryToInsert(
  prisma: PrismaClient,
  { tags, imported, ...avatar }: NewAvatar,
  idempotency: Idempotency,
  limit: number | null,
): Promise<Insertion | 'again'> {
  const { id, ownerId, externalId } = avatar;
  // First: otherwise a repeat would be refused because of the external ID of the avatar that the first call created.
  const before = await findCreation(prisma, ownerId, idempotency);
  if (before !== null) return before;
  try {
    return await prisma.$transaction(async (tx): Promise<Insertion> => {
      if (limit !== null) {
        await lockOwner(tx, ownerId);
        const count = await tx.avatar.count({ where: { ownerId } });
        if (count >= limit) {
          // The first call with the same key may have reached the limit while this one waited for the lock.
          const repeat = await findCreation(tx, ownerId, idempotency);
          const message = `At most ${limit} avatars are allowed. Delete one first.`;
          return repeat ?? refuse('LIMIT_EXCEEDED', message);
        }
      }
      if (idempotency !== null) {
        const { key: idempotencyKey, digest: idempotencyDigest } = idempotency;
        await tx.avatarCreation.create({
          data: { ownerId, idempotencyKey, idempotencyDigest, avatarId: id },
        });
      }
      const data = { ...avatar, ...(imported === undefined ? {} : importedColumns(imported)) };
      const { version } = await tx.avatar.create({ data });
      await addTags(tx, avatar, tags);
      return {
        done: {
          avatarId: id,
          outbox: await recordChanges(tx, ownerId, [{ kind: 'AVATAR', entityId: id, version }]),
        },
      };
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const first = await findCreation(prisma, ownerId, idempotency);
    return first ?? (await refusedByExternalId(prisma, ownerId, externalId)) ?? 'again';
  }
}

function importedColumns({ trainer, value, training }: Imported) {
  // An artifact of several files is not imported.
  const { otherLoraFileUrls: _none, ...columns } = artifactColumns({ trainingId: null, trainer, value });
  const { falResponseData = null, ...known } = training ?? {};
  return {
    ...columns,
    ...known,
    ...(falResponseData === null
      ? {}
      : { falResponseData: storable(falResponseData) as Prisma.InputJsonValue }),
    status: 'COMPLETED' as const,
  };
}

async function findCreation(
  tx: Transaction,
  ownerId: string,
  idempotency: Idempotency,
): Promise<Insertion | null> {
  const first = await earlierCall(ownerId, idempotency, (where) => tx.avatarCreation.findUnique({ where }));
  if (first === null || 'refused' in first) return first;
  const { avatarId } = first.done;
  const avatar = await tx.avatar.findFirst({ where: { id: avatarId, ownerId }, select: { id: true } });
  return avatar === null ? DELETED_SINCE : { done: { avatarId, outbox: [] } };
}

/** Writes the fields that differ, with the next version, unless none does. */
async function tryToUpdate(
  prisma: PrismaClient,
  ownerId: string,
  id: string,
  update: AvatarUpdate,
): Promise<Update | 'again'> {
  try {
    return await prisma.$transaction(async (tx): Promise<Update> => {
      // A job that is created in the meantime waits for this lock, because it refers to the avatar.
      const [avatar] = await tx.$queryRaw<(Required<AvatarUpdate> & { readonly version: number })[]>`
        SELECT name, trigger_phrase AS "triggerPhrase", external_id AS "externalId", version,
          ARRAY(SELECT tag FROM avatar_tags WHERE avatar_id = a.id) AS tags
        FROM avatars a WHERE id = ${id} AND owner_id = ${ownerId} FOR UPDATE`;
      if (avatar === undefined) return NO_SUCH_AVATAR;
      const { version, tags: unsorted, ...fields } = avatar;
      const before = { ...fields, tags: unsorted.toSorted() };
      const { tags, ...after } = { ...before, ...update };
      if (isDeepStrictEqual({ ...after, tags }, before)) return { done: { outbox: [] } };
      if (after.triggerPhrase !== before.triggerPhrase && (await hasOpenJob(tx, id))) return RUNNING;
      await tx.avatar.update({ where: { id }, data: { ...after, version: version + 1 } });
      await tx.avatarTag.deleteMany({ where: { avatarId: id } });
      await addTags(tx, { id, ownerId }, tags);
      return {
        done: {
          outbox: await recordChanges(tx, ownerId, [{ kind: 'AVATAR', entityId: id, version: version + 1 }]),
        },
      };
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    return (await refusedByExternalId(prisma, ownerId, update.externalId)) ?? 'again';
  }
}

const RUNNING = refuse(
  'CONFLICT',
  'A run of this avatar is under way. Change the trigger phrase after its end.',
);

async function addTags(
  tx: Transaction,
  { id: avatarId, ownerId }: Pick<NewAvatar, 'id' | 'ownerId'>,
  tags: readonly string[],
): Promise<void> {
  if (tags.length > 0)
    await tx.avatarTag.createMany({ data: tags.map((tag) => ({ avatarId, ownerId, tag })) });
}

async function hasOpenJob(tx: Transaction, avatarId: string): Promise<boolean> {
  const where = { avatarId, state: { in: [...OPEN_STATES] } };
  return (await tx.job.findFirst({ where, select: { id: true } })) !== null;
}

/** Null when the avatar with this external id has been deleted since. */
async function refusedByExternalId(
  prisma: PrismaClient,
  ownerId: string,
  externalId: string | null | undefined,
) {
  if (externalId == null) return null;
  const where = { ownerId_externalId: { ownerId, externalId } };
  const other = await prisma.avatar.findUnique({ where, select: { id: true } });
  return other && refuse('CONFLICT', `The avatar ${other.id} already has this externalId.`);
}

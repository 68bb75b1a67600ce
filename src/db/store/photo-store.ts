import { compare, PHOTO_LIMITS, type CheckedPhoto, type PhotoReason } from '../../domain/photo.ts';
import { isId } from '../../jobs/ids.ts';
import { lockOwner } from './quota-usage.ts';
import { outboxEntry } from './job-rows.ts';
import { DAY_MS, MB, MINUTE_MS } from '../../values/units.ts';
import type { NewPhoto, NewPhotoStore } from '../../jobs/photos/create-photo-uploads.ts';
import type { DeletedPhotos, DeletePhotoDeps } from '../../jobs/photos/delete-photo.ts';
import type { SweepPhotosDeps } from '../../jobs/photos/sweep-photos.ts';
import type { ExpectedPhoto, PhotoUploadStore, PhotoVerdict } from '../../jobs/photos/receive-photo.ts';
import type { OpenFileDeps } from '../../jobs/files/open-file.ts';
import type { PhotoArchiveDeps } from '../../jobs/photos/photo-archive.ts';
import type { OutboxEntry } from '../../jobs/publish-outbox.ts';
import type { Prisma, PrismaClient } from '../../generated/prisma/client.ts';

type Transaction = Prisma.TransactionClient;

type PhotoStoreOptions = {
  /** Photos of one owner; null: no limit. */
  readonly photosPerOwner: number | null;
  /** How long accepted photos are kept; null: no end. */
  readonly retentionDays: number | null;
};

type Due = { readonly id: string; readonly avatarId: string; readonly ownerId: string };

const NOTHING: DeletedPhotos = { keys: [], outbox: [] };

/** An upload that began before the end of its URL may still be under way. */
const EXPIRY_GRACE_MS = 10 * MINUTE_MS;
/** How long the reason of a refusal is shown. */
const REFUSED_FOR_MS = DAY_MS;

/**
 * Photos in the database. Every write locks the avatar before its photos, so that writes to one set follow each other, and
 * leaves a notification in the outbox.
 */
export class PrismaPhotoStore implements NewPhotoStore, PhotoUploadStore {
  readonly #prisma: PrismaClient;
  readonly #options: PhotoStoreOptions;

  constructor(prisma: PrismaClient, options: PhotoStoreOptions) {
    this.#prisma = prisma;
    this.#options = options;
  }

  async insertPhotos(
    ownerId: string,
    avatarId: string,
    photos: readonly NewPhoto[],
    lifetimeMs: number,
  ): ReturnType<NewPhotoStore['insertPhotos']> {
    const { photosPerOwner } = this.#options;
    if (!isId(avatarId)) return null;
    return this.#prisma.$transaction(async (tx) => {
      if (photosPerOwner !== null) await lockOwner(tx, ownerId);
      const now = await lockSet(tx, avatarId, ownerId);
      if (now === null) return null;
      const names = photos.map(({ name }) => name);
      const replaced: Prisma.PhotoWhereInput = { avatarId, state: 'PENDING', name: { in: names } };
      const others = { where: { avatarId, NOT: replaced }, select: { state: true, size: true } };
      const limit = refusedBy(photos, await tx.photo.findMany(others));
      if (limit !== null) return { limit };
      if (photosPerOwner !== null) {
        const count = await tx.photo.count({ where: { ownerId, NOT: replaced } });
        if (count + photos.length > photosPerOwner) return { limit: ownerLimit(photosPerOwner, count) };
      }
      await tx.photo.deleteMany({ where: replaced });
      const expiresAt = new Date(now.getTime() + lifetimeMs);
      await tx.photo.createMany({
        data: photos.map((photo) => ({ ...photo, ownerId, avatarId, expiresAt })),
      });
      return { outbox: await touchSet(tx, avatarId), expiresAt };
    });
  }

  async findExpected(tokenHash: string): Promise<ExpectedPhoto | null> {
    const [photo] = await this.#prisma.$queryRaw<ExpectedPhoto[]>`
      SELECT id, owner_id AS "ownerId", avatar_id AS "avatarId", size, state = 'PENDING' AS "isPending",
        expires_at <= now() AS "isExpired"
      FROM photos WHERE token_hash = ${tokenHash}`;
    return photo ?? null;
  }

  findStored: OpenFileDeps['photoStore']['findStored'] = async (photoId) => {
    const [photo] = await this.#prisma.$queryRaw<{ ownerId: string; key: string }[]>`
      SELECT owner_id AS "ownerId", file AS key FROM photos WHERE id = ${photoId} AND file IS NOT NULL`;
    return photo ?? null;
  };

  findAccepted: PhotoArchiveDeps['photoStore']['findAccepted'] = async (ownerId, avatarId) => {
    const photos = await this.#prisma.photo.findMany({
      where: { avatarId, ownerId, state: 'ACCEPTED' },
      orderBy: { id: 'asc' },
      select: { id: true, key: true, caption: true },
    });
    return photos.flatMap(({ key, ...photo }) => (key === null ? [] : [{ ...photo, key }]));
  };

  async savePhoto(
    { id, avatarId, ownerId }: ExpectedPhoto,
    checked: CheckedPhoto | PhotoReason,
    key: string | null,
  ): ReturnType<PhotoUploadStore['savePhoto']> {
    return this.#prisma.$transaction(async (tx) => {
      const now = await lockSet(tx, avatarId, ownerId);
      if (now === null) return null;
      const result = typeof checked === 'string' ? checked : compare(checked, await acceptedOf(tx, avatarId));
      const { count } = await tx.photo.updateMany({
        where: { id, state: 'PENDING' },
        data: this.#columnsOf(result, key, now),
      });
      if (count === 0) return null;
      const verdict: PhotoVerdict =
        typeof result === 'string'
          ? { state: 'REFUSED', reason: result }
          : { state: 'ACCEPTED', warnings: result.warnings };
      return { verdict, outbox: await touchSet(tx, avatarId) };
    });
  }

  #columnsOf(
    result: CheckedPhoto | PhotoReason,
    key: string | null,
    now: Date,
  ): Prisma.PhotoUpdateManyMutationInput {
    if (typeof result === 'string') {
      const expiresAt = new Date(now.getTime() + REFUSED_FOR_MS);
      return { state: 'REFUSED', reasonCode: result, expiresAt };
    }
    const { retentionDays } = this.#options;
    const expiresAt = retentionDays === null ? null : new Date(now.getTime() + retentionDays * DAY_MS);
    const { warnings, ...photo } = result;
    return { state: 'ACCEPTED', key, expiresAt, ...photo, warningCodes: [...warnings] };
  }

  deletePhoto: DeletePhotoDeps['photoStore']['deletePhoto'] = async (ownerId, photoId) => {
    if (!isId(photoId)) return null;
    const photo = await this.#prisma.photo.findFirst({
      where: { id: photoId, ownerId },
      select: { id: true, avatarId: true, ownerId: true },
    });
    if (photo === null) return null;
    const deleted = await this.#deleteOfOne([photo]);
    return deleted.outbox.length === 0 ? null : { ...deleted, avatarId: photo.avatarId };
  };

  deleteDue: SweepPhotosDeps['photoStore']['deleteDue'] = async (limit) => {
    const due = await this.#prisma.$queryRaw<Due[]>`
      WITH over AS (
        SELECT id, avatar_id, owner_id FROM photos
        WHERE expires_at < now() - ${EXPIRY_GRACE_MS} * interval '1 millisecond' ORDER BY expires_at LIMIT ${limit}
      ), used AS (
        SELECT id, avatar_id, owner_id FROM photos WHERE delete_after_job_id IS NOT NULL
          AND (SELECT state FROM jobs j WHERE j.id = delete_after_job_id) = 'COMPLETED' LIMIT ${limit}
      )
      SELECT id, avatar_id AS "avatarId", owner_id AS "ownerId" FROM (TABLE over UNION TABLE used) due`;
    const deleted = { keys: [] as string[], outbox: [] as OutboxEntry[] };
    for (const avatarId of new Set(due.map((photo) => photo.avatarId))) {
      const { keys, outbox } = await this.#deleteOfOne(due.filter((photo) => photo.avatarId === avatarId));
      deleted.keys.push(...keys);
      deleted.outbox.push(...outbox);
    }
    return { ...deleted, count: due.length };
  };

  /** Deletes photos of one avatar. */
  async #deleteOfOne(photos: readonly Due[]): Promise<DeletedPhotos> {
    const [first] = photos;
    if (first === undefined) return NOTHING;
    const { avatarId, ownerId } = first;
    return this.#prisma.$transaction(async (tx) => {
      if ((await lockSet(tx, avatarId, ownerId)) === null) return NOTHING;
      const deleted = await tx.$queryRaw<{ key: string | null }[]>`
        DELETE FROM photos WHERE id = ANY(${photos.map(({ id }) => id)}) RETURNING file AS key`;
      if (deleted.length === 0) return NOTHING;
      const keys = deleted.flatMap(({ key }) => (key === null ? [] : [key]));
      return { keys, outbox: await touchSet(tx, avatarId) };
    });
  }

  findUnknown: SweepPhotosDeps['photoStore']['findUnknown'] = async (keys) => {
    const known = await this.#prisma.photo.findMany({
      where: { key: { in: [...keys] } },
      select: { key: true },
    });
    const found = new Set(known.map(({ key }) => key));
    return keys.filter((key) => !found.has(key));
  };
}

/** The database's time; null when there is no such avatar. */
async function lockSet(tx: Transaction, avatarId: string, ownerId: string): Promise<Date | null> {
  const [row] = await tx.$queryRaw<{ now: Date }[]>`
    SELECT now() AS now FROM avatars WHERE id = ${avatarId} AND owner_id = ${ownerId} FOR NO KEY UPDATE`;
  return row?.now ?? null;
}

async function touchSet(tx: Transaction, avatarId: string): Promise<readonly OutboxEntry[]> {
  // Not the time of the avatar's own last change.
  const [set] = await tx.$queryRaw<{ ownerId: string; version: number }[]>`
    UPDATE avatars SET photos_version = photos_version + 1 WHERE id = ${avatarId}
    RETURNING owner_id AS "ownerId", photos_version AS version`;
  if (set === undefined) throw new Error(`${avatarId} was deleted while it was locked`);
  const data = { kind: 'PHOTO_SET', entityId: avatarId, ...set };
  return [outboxEntry(await tx.announcement.create({ data }))];
}

async function acceptedOf(tx: Transaction, avatarId: string) {
  const photos = await tx.photo.findMany({
    where: { avatarId, state: 'ACCEPTED' },
    select: { sha256: true, perceptualHash: true },
  });
  return photos.flatMap(({ sha256, perceptualHash }) =>
    sha256 === null || perceptualHash === null ? [] : [{ sha256, perceptualHash }],
  );
}

function refusedBy(
  photos: readonly NewPhoto[],
  existing: readonly { readonly state: string; readonly size: number }[],
): string | null {
  const { count, totalBytes, rows } = PHOTO_LIMITS;
  const used = existing.filter(({ state }) => state !== 'REFUSED');
  if (used.length + photos.length > count) {
    return `At most ${count} photos of an avatar are allowed, and it has ${used.length}. Delete some first.`;
  }
  if (existing.length + photos.length > rows)
    return 'Too many photos were refused. Delete some of them first.';
  const bytes = [...used, ...photos].reduce((sum, { size }) => sum + size, 0);
  return bytes > totalBytes
    ? `At most ${totalBytes / MB} MB of photos are allowed for an avatar. Send smaller files, or fewer.`
    : null;
}

function ownerLimit(limit: number, count: number): string {
  return `At most ${limit} photos are allowed, and you have ${count}. Delete some first.`;
}

import { afterAll, expect, test } from 'vitest';
import { avatarRow } from '../../support/rows.ts';
import { freshDatabase } from '../../support/database.ts';
import { newId } from '../../../src/jobs/ids.ts';
import { PHOTO_LIMITS } from '../../../src/domain/photo.ts';
import { PrismaPhotoStore } from '../../../src/db/store/photo-store.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma } = database;

const storeWith = (photosPerOwner: number | null) =>
  new PrismaPhotoStore(prisma, { photosPerOwner, retentionDays: null });

const newPhoto = (name: string) => ({
  id: newId('pho'),
  name,
  size: 1000,
  caption: null,
  tokenHash: `hash of ${newId('pho')}`,
});

/** An avatar of a new owner, with pending photos of these names. */
async function avatarWith(...names: string[]): Promise<{ ownerId: string; avatarId: string }> {
  const avatarId = newId('avt');
  const ownerId = `owner of ${avatarId}`;
  await prisma.avatar.create({ data: { ...avatarRow(avatarId), ownerId } });
  await storeWith(null).insertPhotos(ownerId, avatarId, names.map(newPhoto), 60_000);
  return { ownerId, avatarId };
}

const photosOf = (avatarId: string) =>
  prisma.photo.findMany({ where: { avatarId }, orderBy: { name: 'asc' }, select: { id: true, name: true } });

const manyNames = (count: number) =>
  Array.from({ length: count }, (_, index) => `${String(index).padStart(3, '0')}.jpg`);

test.each([
  ['of the avatar', null, manyNames(PHOTO_LIMITS.count)],
  ['of the owner', 3, ['000.jpg', '001.jpg', '002.jpg']],
])(
  'photos that the limit %s refuses leave those of the same names as they were',
  async (_whose, limit, names) => {
    const { ownerId, avatarId } = await avatarWith(...names);
    const before = await photosOf(avatarId);
    const files = ['000.jpg', 'one-more.jpg'].map(newPhoto);

    const refused = await storeWith(limit).insertPhotos(ownerId, avatarId, files, 60_000);

    expect(refused).toMatchObject({ limit: expect.stringContaining('Delete some first.') as string });
    expect(await photosOf(avatarId)).toEqual(before);
  },
);

test.each([
  ['of the avatar', null, manyNames(PHOTO_LIMITS.count)],
  ['of the owner', 3, ['000.jpg', '001.jpg', '002.jpg']],
])('photos that are replaced do not count for the limit %s', async (_whose, limit, names) => {
  const { ownerId, avatarId } = await avatarWith(...names);
  const files = names.map(newPhoto);

  expect(await storeWith(limit).insertPhotos(ownerId, avatarId, files, 60_000)).toMatchObject({
    outbox: [{ kind: 'PHOTO_SET', entityId: avatarId }],
  });
  expect(await photosOf(avatarId)).toEqual(files.map(({ id, name }) => ({ id, name })));
});

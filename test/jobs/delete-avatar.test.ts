import { expect, test } from 'vitest';
import { avatarRow } from '../support/rows.ts';
import { deleteAvatar } from '../../src/jobs/delete-avatar.ts';
import { jobsDatabase } from '../support/test-deps.ts';
import { newId } from '../../src/jobs/ids.ts';
import { StorageUnavailableError } from '../../src/storage/file-storage.ts';

const { prisma, testDeps } = await jobsDatabase();

/** A storage that is away. */
const away = {
  delete: () => Promise.reject(new StorageUnavailableError('away')),
  list: () => ({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new StorageUnavailableError('away')) }),
  }),
};

test('a receipt counts the stored files that could not even be listed, and no copy that is lost', async () => {
  const avatarId = newId('avt');
  const of = { ownerId: 'owner', avatarId };
  await prisma.avatar.create({ data: avatarRow(avatarId) });
  const photo = { ...of, name: 'a.jpg' };
  await prisma.photo.createMany({
    data: [
      { ...photo, id: newId('pho'), tokenHash: '1', size: 10, state: 'ACCEPTED', key: `${avatarId}/1.jpg` },
      { ...photo, id: newId('pho'), tokenHash: '2', size: 20, state: 'ACCEPTED', key: `${avatarId}/2.jpg` },
      { ...photo, id: newId('pho'), tokenHash: '3', size: 40 },
    ],
  });
  const copy = { ...of, sourceId: newId('gen'), kind: 'IMAGE', url: 'https://fal.example/1.png' };
  await prisma.resultFile.createMany({
    data: [
      { ...copy, position: 0, size: 100, state: 'STORED', key: `${avatarId}/1.png` },
      { ...copy, position: 1, size: 1000 },
    ],
  });
  const { deps } = testDeps();
  const settings = { retentionDays: { artifacts: null, images: null } };

  const deleted = await deleteAvatar(
    { ...deps, settings, photoFiles: away, resultFiles: away },
    'owner',
    avatarId,
  );

  expect(deleted).toEqual({
    done: {
      deletedAvatarId: avatarId,
      receipt: { generations: 0, trainings: 0, photos: 3, bytes: 130, files: 0, filesLeft: 3, atFal: [] },
    },
  });
});

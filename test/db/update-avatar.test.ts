import { afterAll, expect, test } from 'vitest';
import { avatarRow, jobRow } from '../support/rows.ts';
import { freshDatabase, ROUNDS } from '../support/database.ts';
import { newId } from '../../src/jobs/ids.ts';
import { NO_LIMITS } from '../../src/domain/quota.ts';
import { createJobStore } from '../../src/db/store/job-store.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma } = database;
const store = createJobStore(database, { ...NO_LIMITS, avatarsPerOwner: null }, 'instance');

test('of a training and a change of the trigger phrase at once, one is refused', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const avatarId = newId('avt');
    await prisma.avatar.create({ data: avatarRow(avatarId) });
    const { kind: _kind, ...job } = jobRow(newId('job'), avatarId);
    const [created, updated] = await Promise.all([
      store.createTraining({ ...job, triggerPhrase: 'ADA', idempotency: null } as never),
      store.updateAvatar('owner', avatarId, { triggerPhrase: 'NEW' }),
    ]);
    const refusals = [created, updated].filter((answer) => 'refused' in answer);
    expect(refusals).toMatchObject([{ refused: { code: 'CONFLICT' } }]);
    expect(await prisma.job.count({ where: { avatarId } })).toBe('done' in created ? 1 : 0);
  }
});

test('a training with a phrase that the avatar has no longer leaves nothing behind', async () => {
  const avatarId = newId('avt');
  await prisma.avatar.create({ data: avatarRow(avatarId) });
  await store.updateAvatar('owner', avatarId, { triggerPhrase: 'NEW' });
  const { kind: _kind, ...job } = jobRow(newId('job'), avatarId);
  const idempotency = { key: 'key', digest: 'digest' };
  const training = { ...job, idempotency } as never as Parameters<typeof store.createTraining>[0];
  expect(await store.createTraining({ ...training, triggerPhrase: 'ADA' })).toMatchObject({
    refused: { code: 'CONFLICT' },
  });
  expect(await store.createTraining({ ...training, triggerPhrase: 'NEW' })).toHaveProperty('done');
});

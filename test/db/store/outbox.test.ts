import { afterAll, expect, test, vi } from 'vitest';
import { freshDatabase } from '../../support/database.ts';
import { NO_LIMITS } from '../../../src/domain/quota.ts';
import { createJobStore } from '../../../src/db/store/job-store.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma, pool } = database;
const store = createJobStore(database, { ...NO_LIMITS, avatarsPerOwner: null }, 'instance');

test('published notifications leave the outbox in one statement, and the others stay', async () => {
  const rows = await prisma.announcement.createManyAndReturn({
    data: Array.from({ length: 10 }, (_, version) => ({
      kind: 'AVATAR',
      ownerId: 'ada',
      entityId: 'a',
      version,
    })),
  });
  const sent = vi.spyOn(pool, 'query');
  await Promise.all(rows.slice(0, 9).map(({ id }) => store.deleteFromOutbox([id])));
  expect(sent).toHaveBeenCalledTimes(1);
  sent.mockRestore();
  expect(await prisma.announcement.findMany()).toEqual(rows.slice(9));
});

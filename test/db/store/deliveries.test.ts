import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { testedDatabase } from '../../support/database.ts';
import { jobsDatabase, type JobColumns } from '../../support/test-deps.ts';

const { add, testDeps, prisma, pool } = await jobsDatabase();

const DELIVERY = { requestId: 'r', digest: 'd', body: Buffer.from('a body') };
const OPTIONS = { outcome: 'UNREADABLE', leaseMs: 1000 } as const;

const GENERATION: JobColumns = { kind: 'GENERATION', state: 'COMPLETED' };

describe('the body of an unreadable webhook', () => {
  test.each<[of: string, columns: JobColumns]>([
    ['a training', { state: 'COMPLETED' }],
    ['a generation', GENERATION],
  ])('about %s is stored', async (_of, columns) => {
    const { store } = testDeps();
    await add('job', columns);
    expect(await store.keepDelivery('job', DELIVERY, OPTIONS)).toEqual({ isNew: true, pollNow: false });
    const [stored] = await prisma.webhookDelivery.findMany();
    expect(String(stored?.body && Buffer.from(stored.body))).toBe('a body');
  });

  test.each<[of: string, columns: JobColumns]>([
    ['a deleted avatar', { state: 'CANCELLED', avatarId: null }],
    ['a deleted generation', { ...GENERATION, generationId: null }],
  ])('about %s is not stored', async (_of, columns) => {
    const { store } = testDeps();
    await add('job', columns);
    expect(await store.keepDelivery('job', DELIVERY, OPTIONS)).toEqual({ isNew: true, pollNow: false });
    expect(await prisma.webhookDelivery.findMany()).toMatchObject([{ requestId: 'r', body: null }]);
  });

  // The embedded database has one session.
  test.skipIf(testedDatabase === 'embedded')(
    'about a generation that is being deleted is not stored (PostgreSQL only)',
    async () => {
      const { store } = testDeps();
      await add('job', GENERATION);
      const deletion = await pool.connect();
      await deletion.query("BEGIN; UPDATE jobs SET generation_id = NULL WHERE id = 'job'");
      await deletion.query("SELECT 1 FROM jobs WHERE id = 'job' FOR UPDATE");
      const kept = store.keepDelivery('job', DELIVERY, OPTIONS);
      await eventually('the delivery to wait for the deletion', async () => {
        const { rowCount } = await pool.query(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return rowCount === 1;
      });
      await deletion.query('COMMIT');
      deletion.release();
      await kept;
      expect(await prisma.webhookDelivery.findMany()).toMatchObject([{ body: null }]);
    },
  );
});

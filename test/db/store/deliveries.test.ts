import { describe, expect, test } from 'vitest';
import { lockWaits } from '../../support/lock-waits.ts';
import { newId } from '../../../src/jobs/ids.ts';
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
      const generationId = newId('gen');
      await add('job', GENERATION);
      const generation = { id: generationId, ownerId: 'owner', avatarId: 'avt-of-job', prompt: 'x' };
      await prisma.generation.create({ data: { ...generation, numImages: 1 } });
      await prisma.job.update({ where: { id: 'job' }, data: { generationId } });
      await store.keepDelivery('job', DELIVERY, OPTIONS);
      const holder = await pool.connect();
      try {
        await holder.query('BEGIN');
        await holder.query('SELECT 1 FROM webhook_deliveries FOR UPDATE');
        const deletion = store.deleteGeneration('owner', generationId);
        await lockWaits(pool, 1);
        const stored = store.keepDelivery('job', { ...DELIVERY, digest: 'another' }, OPTIONS);
        await Promise.race([lockWaits(pool, 2), stored]);
        await holder.query('COMMIT');
        await Promise.all([deletion, stored]);
      } finally {
        holder.release(true);
      }
      expect(await prisma.webhookDelivery.findMany()).toMatchObject([{ body: null }, { body: null }]);
    },
  );
});

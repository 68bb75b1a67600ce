import { afterAll, expect, test } from 'vitest';
import { avatarRow, jobRow } from '../support/rows.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { freshDatabase, testedDatabase } from '../support/database.ts';
import { newId } from '../../src/jobs/ids.ts';
import { NO_SUCH_AVATAR } from '../../src/domain/refusal.ts';
import { NO_LIMITS } from '../../src/domain/quota.ts';
import { createJobStore } from '../../src/db/store/job-store.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma, pool } = database;
const store = createJobStore(database, { ...NO_LIMITS, avatarsPerOwner: null }, 'instance');

// The embedded database has one session, so nothing can be written during a transaction.
test.skipIf(testedDatabase === 'embedded')(
  'a training created while its avatar is deleted is cancelled with it (PostgreSQL only)',
  async () => {
    const avatarId = newId('avt');
    await prisma.avatar.create({ data: avatarRow(avatarId) });
    const [ended, open] = [newId('job'), newId('job')];
    await prisma.job.create({ data: { ...jobRow(ended, avatarId), state: 'COMPLETED' } });
    const holder = await pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM jobs WHERE id = $1 FOR UPDATE', [ended]);
    const deleting = store.deleteAvatar('owner', avatarId);
    // For the job that is held.
    await lockWaits(pool, 1);

    const { kind: _kind, ...job } = jobRow(open, avatarId);
    const creation = await store.createTraining({ ...job, triggerPhrase: 'ADA', idempotency: null } as never);
    await holder.query('COMMIT');
    holder.release();

    expect(creation).toEqual({ done: { jobId: open, generationId: null } });
    expect((await deleting)?.outbox.map(({ kind }) => kind)).toEqual(['AVATAR', 'PHOTO_SET']);
    expect(await prisma.job.findUnique({ where: { id: open } })).toMatchObject({
      state: 'CANCELLED',
      cancelRequestedAt: expect.any(Date) as Date,
      openTrainingAvatarId: null,
      avatarId: null,
      input: {},
    });
  },
);

test('a training of a deleted avatar is not created', async () => {
  const avatarId = newId('avt');
  await prisma.avatar.create({ data: avatarRow(avatarId) });
  await store.deleteAvatar('owner', avatarId);
  const { kind: _kind, ...job } = jobRow(newId('job'), avatarId);
  expect(await store.createTraining({ ...job, triggerPhrase: 'ADA', idempotency: null } as never)).toEqual(
    NO_SUCH_AVATAR,
  );
});

test('a deletion writes each run and each webhook body once, however many there are', async () => {
  await pool.query(`
    CREATE TABLE writes (row_id text);
    CREATE FUNCTION record_write() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO writes VALUES (NEW.id::text); RETURN NULL; END $$;
    CREATE TRIGGER job_written AFTER UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION record_write();
    CREATE TRIGGER delivery_written AFTER UPDATE ON webhook_deliveries
      FOR EACH ROW EXECUTE FUNCTION record_write();`);
  const avatarId = newId('avt');
  await prisma.avatar.create({ data: avatarRow(avatarId) });
  const [training, run, generationId] = [newId('job'), newId('job'), newId('gen')];
  await prisma.job.create({ data: { ...jobRow(training, avatarId), state: 'COMPLETED' } });
  const generation = { id: generationId, ownerId: 'owner', avatarId, prompt: 'tea', numImages: 1 };
  await prisma.generation.create({ data: { ...generation, status: 'COMPLETED' } });
  const generating = {
    ...jobRow(run, avatarId),
    kind: 'GENERATION',
    generationId,
    state: 'COMPLETED',
  } as const;
  await prisma.job.create({ data: generating });
  const delivery = { jobId: run, requestId: 'r', outcome: 'UNREADABLE' };
  const unread = await prisma.webhookDelivery.create({
    data: { ...delivery, bodySha256: 'a', body: Buffer.from('tea') },
  });
  await prisma.webhookDelivery.create({ data: { ...delivery, bodySha256: 'b', outcome: 'APPLIED' } });

  expect(await store.deleteAvatar('owner', avatarId)).toMatchObject({
    removed: { generations: 1, trainings: 1 },
  });

  const { rows } = await pool.query<{ row_id: string }>('SELECT row_id FROM writes');
  expect(rows.map((row) => row.row_id).sort()).toEqual([training, run, String(unread.id)].sort());
  const left = { avatarId: null, generationId: null, input: {} };
  expect(await prisma.job.findMany({ where: { id: { in: [training, run] } } })).toMatchObject([left, left]);
  expect(await prisma.webhookDelivery.count({ where: { jobId: run, body: null } })).toBe(2);
});

import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { avatarRow, jobRow } from '../../support/rows.ts';
import { freshDatabase } from '../../support/database.ts';
import { NO_LIMITS } from '../../../src/domain/quota.ts';
import { PrismaJobStore } from '../../../src/db/store/job-store.ts';
import type { Decision } from '../../../src/domain/decide.ts';
import type { LoadedJob } from '../../../src/jobs/apply-run-event.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma } = database;
const store = new PrismaJobStore(prisma, NO_LIMITS);

const AVATAR = `avt_${'1'.repeat(32)}`;
const JOBS = ['older', 'newer'] as const;
const HOW = { source: 'POLL', nextPollInMs: 1000 } as const;

/** Two trainings of one avatar, the older one ended long ago. */
beforeEach(async () => {
  await prisma.avatar.deleteMany();
  await prisma.job.deleteMany();
  await prisma.avatar.create({ data: { ...avatarRow(AVATAR), status: 'TRAINING' } });
  for (const id of JOBS) {
    await prisma.job.create({ data: { ...jobRow(id, AVATAR), state: 'RUNNING', falRequestId: id } });
  }
});

async function loaded(id: (typeof JOBS)[number]): Promise<LoadedJob> {
  const job = await store.load(id);
  if (job === null) throw new Error(`There is no job ${id}`);
  return job;
}

type Change = Extract<Decision, { kind: 'change' }>;
const onlyTheJob: Change = { kind: 'change', job: { state: 'RUNNING' }, avatar: null, generation: null };
const atPercent = (percent: number): Change => ({
  kind: 'change',
  job: { state: 'RUNNING' },
  avatar: {
    status: 'TRAINING',
    falRequestId: 'newer',
    error: null,
    progress: { percent, queuePosition: null, source: 'LOGS' },
  },
  generation: null,
});

describe('a decision on an outdated snapshot is not saved', () => {
  test('when the job changed: the revision guards it', async () => {
    const [first, second] = [await loaded('newer'), await loaded('newer')];

    expect(await store.save(first, onlyTheJob, HOW)).toMatchObject({ kind: 'saved' });
    expect(await store.save(second, onlyTheJob, HOW)).toEqual({ kind: 'stale' });

    const job = await prisma.job.findUniqueOrThrow({ where: { id: 'newer' } });
    expect(job.revision).toBe(first.revision + 1);
  });

  test('when another job changed the avatar: the version guards it', async () => {
    const [older, newer] = [await loaded('older'), await loaded('newer')];

    expect(await store.save(newer, atPercent(50), HOW)).toMatchObject({ kind: 'saved' });
    expect(await store.save(older, atPercent(10), HOW)).toEqual({ kind: 'stale' });

    const avatar = await prisma.avatar.findUniqueOrThrow({ where: { id: AVATAR } });
    expect(avatar).toMatchObject({ progressPercent: 50, version: (newer.version ?? 0) + 1 });
    // The change of the job is rolled back, and nothing is published.
    expect(await loaded('older')).toMatchObject({ revision: older.revision });
    expect(await prisma.announcement.count()).toBe(1);
    await prisma.announcement.deleteMany();
  });

  test.each<[string, Change['generation']]>([
    ['changes', { status: 'RUNNING', error: null }],
    ['deletes', 'DELETE'],
  ])('when the generation that it %s changed: the version guards it', async (_what, generation) => {
    const id = `gen_${'1'.repeat(32)}`;
    await prisma.generation.create({
      data: { id, ownerId: 'owner', avatarId: AVATAR, prompt: 'x', numImages: 1 },
    });
    await prisma.job.update({ where: { id: 'newer' }, data: { kind: 'GENERATION', generationId: id } });
    const outdated = await loaded('newer');
    await prisma.generation.update({ where: { id }, data: { version: { increment: 1 } } });

    expect(await store.save(outdated, { ...onlyTheJob, generation }, HOW)).toEqual({ kind: 'stale' });

    expect(await prisma.generation.findUnique({ where: { id } })).toMatchObject({ status: 'QUEUED' });
    expect(await loaded('newer')).toMatchObject({ revision: outdated.revision });
  });
});

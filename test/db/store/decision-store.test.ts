import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { avatarRow, jobRow } from '../../support/rows.ts';
import { freshDatabase } from '../../support/database.ts';
import { NO_LIMITS } from '../../../src/domain/quota.ts';
import { createJobStore } from '../../../src/db/store/job-store.ts';
import type { Decision } from '../../../src/domain/decide.ts';
import type { LoadedJob } from '../../../src/jobs/apply-run-event.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma } = database;
const store = createJobStore(database, { ...NO_LIMITS, avatarsPerOwner: null }, 'instance');

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

describe('decisions that are saved together', () => {
  const COUNT = 5;
  const ids = Array.from({ length: COUNT }, (_, index) => `together-${index}`);
  const done: Change = { ...onlyTheJob, job: { state: 'COMPLETED', settledAt: new Date() } };

  beforeEach(async () => {
    await prisma.job.createMany({ data: ids.map((id) => ({ ...jobRow(id, AVATAR), state: 'RUNNING' })) });
  });

  const load = async (id: string) => {
    const job = await store.load(id);
    if (job === null) throw new Error(`There is no job ${id}`);
    return job;
  };
  const loadAll = () => Promise.all(ids.map(load));
  const statesOf = async () => {
    const jobs = await prisma.job.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
    return jobs.map(({ state }) => state);
  };
  const except = (state: string) => ['COMPLETED', 'COMPLETED', state, 'COMPLETED', 'COMPLETED'];
  /** Saves all of them at once, the middle one with a decision of its own. */
  const saveAll = (jobs: readonly LoadedJob[], ofMiddle: Change) =>
    Promise.allSettled(jobs.map((job, index) => store.save(job, index === 2 ? ofMiddle : done, HOW)));

  test('and their jobs are loaded together, in one statement each', async () => {
    const sent = vi.spyOn(database.pool, 'query');
    await saveAll(await loadAll(), done);
    expect(sent).toHaveBeenCalledTimes(2);
    sent.mockRestore();
    expect(await statesOf()).toEqual(Array(COUNT).fill('COMPLETED'));
  });

  test.each<[string, Change]>([
    ['a text that PostgreSQL does not take', { ...done, job: { ...done.job, errorMessage: 'a\u0000b' } }],
    ['a number that is too large', { ...done, job: { ...done.job, settledAt: 1e300 as never } }],
    ['a state that there is not', { ...done, job: { state: 'ODD' as never } }],
  ])('are saved beside one with %s, which fails alone', async (_what, poison) => {
    const results = await saveAll(await loadAll(), poison);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(await statesOf()).toEqual(except('RUNNING'));
  });

  test('are saved beside one whose request id another job has', async () => {
    const taken: Change = { ...done, job: { ...done.job, falRequestId: 'newer' } };
    const results = await saveAll(await loadAll(), taken);
    expect(results[2]).toMatchObject({ value: { kind: 'request-id-taken' } });
    expect(await statesOf()).toEqual(except('RUNNING'));
  });

  test('are saved beside an outdated one', async () => {
    const jobs = await loadAll();
    await store.save(await load('together-2'), onlyTheJob, HOW);
    const results = await saveAll(jobs, done);
    expect(results[2]).toMatchObject({ value: { kind: 'stale' } });
    expect(await statesOf()).toEqual(except('RUNNING'));
  });

  test('are saved beside one of many megabytes', async () => {
    const message = 'x'.repeat(5_000_000);
    await saveAll(await loadAll(), { ...done, job: { ...done.job, errorMessage: message } });
    expect(await statesOf()).toEqual(Array(COUNT).fill('COMPLETED'));
    expect(await prisma.job.count({ where: { errorMessage: message } })).toBe(1);
  });

  test('are saved one of two where both are about one job, or about one avatar', async () => {
    const job = await load('together-0');
    const twice = await Promise.all([store.save(job, done, HOW), store.save(job, done, HOW)]);
    expect(twice.map(({ kind }) => kind)).toEqual(['saved', 'stale']);
    const [older, newer] = [await loaded('older'), await loaded('newer')];
    const both = await Promise.all([
      store.save(older, atPercent(1), HOW),
      store.save(newer, atPercent(2), HOW),
    ]);
    expect(both.map(({ kind }) => kind)).toEqual(['saved', 'stale']);
    await prisma.announcement.deleteMany();
  });

  test.skipIf(database.kind === 'embedded')(
    'do not wait for one whose row is locked, which is saved when the lock ends',
    async () => {
      const jobs = await loadAll();
      const holder = await database.pool.connect();
      await holder.query('BEGIN');
      await holder.query(`SELECT 1 FROM jobs WHERE id = 'together-2' FOR UPDATE`);
      const saves = jobs.map((job) => store.save(job, done, HOW));
      await Promise.all(saves.filter((_save, index) => index !== 2));
      expect(await statesOf()).toEqual(except('RUNNING'));
      await holder.query('COMMIT');
      holder.release();
      expect(await saves[2]).toMatchObject({ kind: 'saved' });
    },
  );
});

test('a job of a trainer that this server does not have loads with the others', async () => {
  await prisma.job.update({ where: { id: 'older' }, data: { trainer: 'OF_TOMORROW' } });
  const [older, newer] = await Promise.all([store.load('older'), store.load('newer')]);
  expect([older?.snapshot.job.trainer, newer?.snapshot.job.id]).toEqual(['OF_TOMORROW', 'newer']);
});

test('a decision leaves the columns alone that it does not name', async () => {
  const data = { errorMessage: 'kept', falResponseData: { large: 'x'.repeat(100_000) } };
  await prisma.avatar.update({ where: { id: AVATAR }, data });
  const before = await prisma.avatar.findUniqueOrThrow({ where: { id: AVATAR } });
  await store.save(await loaded('newer'), atPercent(7), HOW);
  const { updatedAt, ...after } = await prisma.avatar.findUniqueOrThrow({ where: { id: AVATAR } });
  expect(updatedAt.getTime()).toBeGreaterThanOrEqual(before.updatedAt.getTime());
  expect(after).toEqual({
    ...before,
    updatedAt: undefined,
    version: before.version + 1,
    status: 'TRAINING',
    falRequestId: 'newer',
    errorMessage: null,
    progressPercent: 7,
    progressSource: 'LOGS',
  });
  await prisma.announcement.deleteMany();
});

import { beforeEach, describe, expect, test } from 'vitest';
import { DEAD_AFTER_MS, HEARTBEAT_MS, LEASE_MS, MAX_BACKOFF_MS } from '../../../src/jobs/timing.ts';
import { jobsDatabase } from '../../support/test-deps.ts';
import { NO_LIMITS } from '../../../src/domain/quota.ts';
import { PgInstanceStore } from '../../../src/db/store/instance-store.ts';
import { createJobStore } from '../../../src/db/store/job-store.ts';

const { prisma, pool, add } = await jobsDatabase();

const [dead, living] = [instance('dead'), instance('living')];

function instance(id: string) {
  return {
    beat: () => new PgInstanceStore(pool, id).beat(),
    leave: () => new PgInstanceStore(pool, id).leave(),
    claim: () =>
      createJobStore({ prisma, pool }, { ...NO_LIMITS, avatarsPerOwner: null }, id).claimDue(10, {
        leaseMs: LEASE_MS,
        furthestMs: 2 * LEASE_MS + MAX_BACKOFF_MS,
      }),
  };
}

/** Moves the clock, as far as this instance's heartbeat can tell. */
async function letPass(ms: number, id: string): Promise<void> {
  await pool.query(
    `UPDATE instances SET heartbeat_at = heartbeat_at - $1 * interval '1 millisecond' WHERE id = $2`,
    [ms, id],
  );
}

async function dueJobs(): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id FROM jobs WHERE next_poll_at <= now() ORDER BY id',
  );
  return rows.map(({ id }) => id);
}

async function instanceIds(): Promise<string[]> {
  return (await prisma.instance.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id);
}

async function addDue(...ids: readonly string[]): Promise<void> {
  for (const id of ids)
    await add(id, { state: 'QUEUED', falRequestId: `run-${id}`, nextPollAt: new Date(0) });
}

beforeEach(async () => {
  await prisma.instance.deleteMany();
  for (const { beat } of [dead, living]) await beat();
});

test('the leases of an instance without heartbeats are due at once, and those of others stay', async () => {
  await addDue('job-1', 'job-2');
  await dead.claim();
  await addDue('job-3');
  await living.claim();
  expect(await living.beat()).toBe(0);

  await letPass(DEAD_AFTER_MS + 1, 'dead');
  expect(await living.beat()).toBe(2);
  expect(await dueJobs()).toEqual(['job-1', 'job-2']);
  expect((await living.claim()).map(({ id }) => id).sort()).toEqual(['job-1', 'job-2']);
  expect(await living.beat()).toBe(0);
});

test('death is noticed in less than ten seconds', () => {
  expect(DEAD_AFTER_MS + HEARTBEAT_MS).toBeLessThan(9000);
});

test('a plan that followed the lease stays, whoever made it', async () => {
  await addDue('job-1', 'job-2');
  const [job] = await dead.claim();
  if (job === undefined) throw new Error('Nothing was due');
  await createJobStore({ prisma, pool }, { ...NO_LIMITS, avatarsPerOwner: null }, 'living').reschedule(
    job,
    3000,
    'responded',
  );
  // As an instance of an older version does, which knows no owner of a lease.
  await pool.query(`UPDATE jobs SET next_poll_at = now() + interval '6 hours' WHERE id <> $1`, [job.id]);

  await letPass(DEAD_AFTER_MS + 1, 'dead');
  expect(await living.beat()).toBe(0);
  expect(await dueJobs()).toEqual([]);
});

test('a submit of an instance that seems dead keeps its minute: it may be on its way', async () => {
  await add('job-1');
  await letPass(DEAD_AFTER_MS + 1, 'dead');
  expect(await living.beat()).toBe(0);
  expect(await dueJobs()).toEqual([]);
});

describe('nobody counts as dead', () => {
  test('for an instance that was not heard of itself, as after an outage of the database', async () => {
    await addDue('job-1');
    await dead.claim();
    for (const id of ['dead', 'living']) await letPass(DEAD_AFTER_MS + 1, id);
    expect(await living.beat()).toBe(0);
    expect(await dead.beat()).toBe(0);
    expect(await living.beat()).toBe(0);
    expect(await dueJobs()).toEqual([]);
  });

  test('for a new instance', async () => {
    await addDue('job-1');
    await dead.claim();
    await letPass(DEAD_AFTER_MS + 1, 'dead');
    const started = instance('started');
    expect(await started.beat()).toBe(0);
    expect(await started.beat()).toBe(1);
  });
});

test('an instance that died before the clock was put back is dead', async () => {
  await addDue('job-1');
  await dead.claim();
  await letPass(-3_600_000, 'dead');
  expect(await living.beat()).toBe(1);
});

test('the row of a dead instance is deleted once its leases have ended by themselves', async () => {
  await letPass(LEASE_MS / 2, 'dead');
  await living.beat();
  expect(await instanceIds()).toEqual(['dead', 'living']);
  await letPass(LEASE_MS, 'dead');
  await living.beat();
  expect(await instanceIds()).toEqual(['living']);
  // It was only suspended.
  await dead.beat();
  expect(await instanceIds()).toEqual(['dead', 'living']);
});

test('an instance that ends in order gives its leases back and leaves no row', async () => {
  await addDue('job-1');
  await dead.claim();
  await dead.leave();
  expect(await dueJobs()).toEqual(['job-1']);
  expect(await instanceIds()).toEqual(['living']);
});

test('of two instances that find the same death one takes each lease over', async () => {
  const third = instance('third');
  await third.beat();
  const ids = Array.from({ length: 9 }, (_, index) => `job-${index}`);
  await addDue(...ids);
  await dead.claim();
  await letPass(DEAD_AFTER_MS + 1, 'dead');
  const freed = await Promise.all([living.beat(), third.beat()]);
  expect(freed.reduce((sum, count) => sum + count)).toBe(9);
  expect(await dueJobs()).toEqual(ids);
});

test('on a database of one process a start frees every lease and every submit under way, and no other plan', async () => {
  await addDue('job-1');
  await dead.claim();
  await add('job-2');
  await add('job-3', { state: 'SUBMIT_UNKNOWN', nextPollAt: new Date(Date.now() + 3_600_000) });
  await new PgInstanceStore(pool, 'new').freeAll();
  expect(await dueJobs()).toEqual(['job-1', 'job-2']);
});

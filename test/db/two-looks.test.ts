import { afterAll, expect, test } from 'vitest';
import { avatarRow, jobRow } from '../support/rows.ts';
import { testDeps } from '../support/test-deps.ts';
import { freshDatabase, testedDatabase } from '../support/database.ts';
import { LEASE_MS, NOT_FOUND_GRACE_MS } from '../../src/jobs/timing.ts';
import { pollJob } from '../../src/jobs/poll-job.ts';
import { NO_LIMITS } from '../../src/domain/quota.ts';
import { PrismaJobStore } from '../../src/db/store/job-store.ts';
import type { JobToPoll, RunStatus } from '../../src/jobs/poll-job.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma, pool } = database;
const store = new PrismaJobStore(prisma, NO_LIMITS);

const HOUR = 3_600_000;

/** A run that fal has not known for as long as it may not. */
async function unknownRun(id: string): Promise<void> {
  const avatarId = `avt_${id}`;
  await prisma.avatar.create({ data: { ...avatarRow(avatarId), status: 'QUEUED', falRequestId: id } });
  await prisma.job.create({
    data: {
      ...jobRow(id, avatarId),
      state: 'QUEUED',
      openTrainingAvatarId: avatarId,
      falRequestId: id,
      nextPollAt: new Date(0),
      notFoundSince: new Date(Date.now() - 2 * NOT_FOUND_GRACE_MS),
    },
  });
}

async function claimed(): Promise<JobToPoll> {
  const [job] = await store.claimDue(1, { leaseMs: LEASE_MS, furthestMs: HOUR });
  if (job === undefined) throw new Error('Nothing is due');
  return job;
}

const UNKNOWN: RunStatus = { kind: 'not-found', message: 'fal does not know this run.' };

test.each<[late: RunStatus, found: RunStatus]>([
  [
    { kind: 'queued', position: 3 },
    { kind: 'running', percent: 60 },
  ],
  [UNKNOWN, { kind: 'running', percent: 60 }],
  // Which changes nothing but when to look again, and that it is known.
  [UNKNOWN, { kind: 'queued', position: null }],
])(
  `on ${testedDatabase} a look that hears %j only when another one has taken its lease and found %j changes nothing`,
  async (late, found) => {
    const id = `run-${Math.random()}`;
    await unknownRun(id);
    const { deps, provider } = testDeps();
    const own = { ...deps, store };
    let hear: (inspection: RunStatus) => void = () => undefined;
    provider.fetchStatus = () => new Promise((resolve) => (hear = resolve));
    const first = pollJob(own, await claimed());
    await pool.query('UPDATE jobs SET next_poll_at = now() WHERE id = $1', [id]);
    provider.fetchStatus = () => Promise.resolve(found);
    await pollJob(own, await claimed());
    const state = () => prisma.job.findUnique({ where: { id }, include: { avatar: true } });
    const asFound = await state();

    hear(late);
    await first;

    expect(await state()).toEqual(asFound);
    expect(asFound?.avatar?.status).toBe(found.kind === 'running' ? 'TRAINING' : 'QUEUED');
    await prisma.job.update({ where: { id }, data: { nextPollAt: null } });
  },
);

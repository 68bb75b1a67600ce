import { expect, test } from 'vitest';
import { createReconciler } from '../../src/jobs/reconcile.ts';
import { publishOutbox } from '../../src/jobs/publish-outbox.ts';
import { jobsDatabase } from '../support/test-deps.ts';
import { EVENTS } from '../support/run-events.ts';
import { jobRow } from '../support/rows.ts';
import type { RunStatus } from '../../src/jobs/poll-job.ts';

const { prisma, testDeps } = await jobsDatabase();

const ON = new AbortController().signal;

/** Due jobs whose status requests wait for `answer`. */
async function dueJobs(count: number) {
  const fixture = testDeps();
  await prisma.job.createMany({
    data: Array.from({ length: count }, (_, index) => ({
      ...jobRow(`job-${index}`, 'none'),
      avatarId: null,
      cancelAnsweredAt: new Date(0),
      state: 'QUEUED' as const,
      falRequestId: `run-${index}`,
      nextPollAt: new Date(index),
    })),
  });
  const answers = new Map<string, (status: RunStatus) => void>();
  fixture.provider.fetchStatus = ({ requestId }) => new Promise((resolve) => answers.set(requestId, resolve));
  const asked = () => [...answers.keys()].sort();
  return { ...fixture, asked, answer: (id: string) => answers.get(id)?.(EVENTS.queued) };
}

test('a slow answer of fal delays neither the sweep nor other polls', async () => {
  const { deps, asked, answer, polls } = await dueJobs(3);
  const reconciler = createReconciler(deps);
  await reconciler.sweep(ON);
  await expect.poll(() => asked()).toEqual(['run-0', 'run-1', 'run-2']);

  let isSettled = false;
  const settled = reconciler.settled().then(() => (isSettled = true));
  for (const id of ['run-1', 'run-2']) answer(id);
  await expect.poll(() => polls).toHaveLength(2);
  expect(isSettled).toBe(false);
  answer('run-0');
  await settled;
});

test('at most 32 polls run at once, and the rest follow as polls end', async () => {
  const { deps, asked, answer } = await dueJobs(40);
  const reconciler = createReconciler(deps);
  const sweep = reconciler.sweep(ON);
  await expect.poll(() => asked()).toHaveLength(32);
  for (let index = 0; index < 10; index++) answer(`run-${index}`);
  await sweep;
  await expect.poll(() => asked()).toHaveLength(40);
  for (let index = 10; index < 40; index++) answer(`run-${index}`);
  await reconciler.settled();
});

test('two sweeps at once keep to the limit together, and both end', async () => {
  const { deps, asked, answer } = await dueJobs(70);
  const reconciler = createReconciler(deps);
  const sweeps = Promise.all([reconciler.sweep(ON), reconciler.sweep(ON)]);
  await expect.poll(() => asked().length).toBeGreaterThanOrEqual(32);
  await new Promise(setImmediate);
  expect(asked()).toHaveLength(32);
  for (let index = 0; index < 70; index++) {
    await expect.poll(() => asked()).toContain(`run-${index}`);
    answer(`run-${index}`);
  }
  await sweeps;
  await reconciler.settled();
});

test('settled() waits for the polls that a sweep under way still begins', async () => {
  const { deps, asked, answer } = await dueJobs(1);
  let claim: (() => void) | undefined;
  const mayClaim = new Promise<void>((resolve) => (claim = resolve));
  const claimDue = deps.store.claimDue.bind(deps.store);
  deps.store.claimDue = (...args) => mayClaim.then(() => claimDue(...args));
  const reconciler = createReconciler(deps);
  const sweep = reconciler.sweep(ON);
  let isSettled = false;
  const settled = reconciler.settled().then(() => (isSettled = true));
  claim?.();
  await sweep;
  await expect.poll(() => asked()).toEqual(['run-0']);
  expect(isSettled).toBe(false);
  answer('run-0');
  await settled;
});

test('a poll that throws is logged, and the others continue', async () => {
  const { deps, provider, asked, answer, log } = await dueJobs(2);
  const fetchStatus = provider.fetchStatus.bind(provider);
  provider.fetchStatus = (run) =>
    run.requestId === 'run-0' ? Promise.reject(new Error('a bug')) : fetchStatus(run);
  const reconciler = createReconciler(deps);
  await reconciler.sweep(ON);
  await expect.poll(() => log.lines).toMatchObject([{ level: 'error', fields: { jobId: 'job-0' } }]);
  await expect.poll(() => asked()).toEqual(['run-1']);
  answer('run-1');
  await reconciler.settled();
});

test('an aborted sweep claims no jobs', async () => {
  const { deps } = await dueJobs(1);
  await createReconciler(deps).sweep(AbortSignal.abort());
  expect((await prisma.job.findUniqueOrThrow({ where: { id: 'job-0' } })).nextPollAt).toEqual(new Date(0));
});

test('the outbox publishes every entry, and keeps those that fail', async () => {
  const { deps, published, publisher } = testDeps();
  const entry = (n: number) => ({ kind: 'AVATAR', ownerId: 'ada', entityId: `avt_${n}`, version: 1 });
  const createdAt = new Date(0);
  await prisma.announcement.createMany({ data: [1, 2, 3, 4].map((n) => ({ ...entry(n), createdAt })) });
  const left = async () => (await prisma.announcement.findMany()).map(({ entityId }) => entityId);
  const { publish } = publisher;
  publisher.publish = async (notification) => {
    await publish(notification);
    if (notification.entityId === 'avt_3') throw new Error('no connection');
  };

  await publishOutbox(deps, ON);
  expect(published.map(({ entityId }) => entityId)).toEqual(['avt_1', 'avt_2', 'avt_3', 'avt_4']);
  expect(await left()).toEqual(['avt_3']);

  publisher.publish = publish;
  await publishOutbox(deps, ON);
  expect(published.at(-1)?.entityId).toBe('avt_3');
  expect(await left()).toEqual([]);
});

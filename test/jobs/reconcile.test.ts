import { expect, test, vi } from 'vitest';
import { publishOutbox, type OutboxEntry } from '../../src/jobs/publish-outbox.ts';
import { testDeps } from '../support/test-deps.ts';
import { createReconciler } from '../../src/jobs/reconcile.ts';
import { EVENTS, ID } from '../support/run-events.ts';
import { training } from '../support/domain-fixtures.ts';
import type { JobToPoll } from '../../src/jobs/poll-job.ts';

const ON = new AbortController().signal;
const RUNNING = training({ state: 'RUNNING', falRequestId: ID }, { status: 'TRAINING' });

/** So many due jobs, each with a run that fal answers about when it is told to. */
async function dueJobs(count: number) {
  const made = testDeps();
  const jobs: JobToPoll[] = [];
  for (let index = 0; index < count; index++) {
    const world = { ...RUNNING, job: { ...RUNNING.job, falRequestId: `run-${index}` } };
    made.store.add(`job-${index}`, world);
    const due = await made.store.findJobToPoll({ jobId: `job-${index}` });
    if (due !== null) jobs.push(due);
  }
  const asked: string[] = [];
  const answers = new Map<string, () => void>();
  made.store.claimDue = async (limit: number) => jobs.splice(0, limit);
  made.provider.fetchStatus = ({ requestId }) => {
    asked.push(requestId);
    return new Promise((resolve) => answers.set(requestId, () => resolve(EVENTS.queued)));
  };
  return { ...made, asked, answer: (id: string) => answers.get(id)?.() };
}

test('a run that fal is slow about holds up neither the sweep nor the other runs', async () => {
  const { deps, asked, answer } = await dueJobs(3);
  const reconciler = createReconciler(deps);
  await reconciler.sweep(ON);
  expect(asked).toEqual(['run-0', 'run-1', 'run-2']);

  let isSettled = false;
  const settled = reconciler.settled().then(() => (isSettled = true));
  for (const id of ['run-1', 'run-2']) answer(id);
  await vi.waitFor(() => expect(isSettled).toBe(false));
  answer('run-0');
  await settled;
});

test('no more runs are looked at than there is room for; the rest follow as soon as there is', async () => {
  const { deps, asked, answer } = await dueJobs(40);
  const reconciler = createReconciler(deps);
  const sweep = reconciler.sweep(ON);
  await vi.waitFor(() => expect(asked).toHaveLength(32));
  for (let index = 0; index < 10; index++) answer(`run-${index}`);
  await sweep;
  expect(asked).toHaveLength(40);
  for (let index = 10; index < 40; index++) answer(`run-${index}`);
  await reconciler.settled();
});

test('a look that fails is said, and the others go on', async () => {
  const { deps, provider, asked, answer, log } = await dueJobs(2);
  const inspect = provider.fetchStatus.bind(provider);
  provider.fetchStatus = (run) =>
    run.requestId === 'run-0' ? Promise.reject(new Error('a bug')) : inspect(run);
  const reconciler = createReconciler(deps);
  await reconciler.sweep(ON);
  await vi.waitFor(() => expect(log.lines).toMatchObject([{ level: 'error', fields: { jobId: 'job-0' } }]));
  expect(asked).toEqual(['run-1']);
  answer('run-1');
  await reconciler.settled();
});

test('a sweep that is told to stop takes no more', async () => {
  const { deps, asked } = await dueJobs(1);
  await createReconciler(deps).sweep(AbortSignal.abort());
  expect(asked).toEqual([]);
});

test('what was never announced is announced, and what cannot be stays', async () => {
  const { deps, store, published, relay } = testDeps();
  const announcement = (id: bigint): OutboxEntry => ({
    id,
    kind: 'AVATAR',
    ownerId: 'ada',
    entityId: `avt_${id}`,
    version: 1,
  });
  for (const id of [1n, 2n, 3n, 4n]) store.pending.set(id, announcement(id));
  let reads = 0;
  store.readOutbox = async () => {
    reads += 1;
    return [...store.pending.values()];
  };
  relay.fails = () => published.length === 3;

  await publishOutbox(deps, ON);
  expect(published.map(({ entityId }) => entityId)).toEqual(['avt_1', 'avt_2', 'avt_3', 'avt_4']);
  expect([...store.pending.keys()]).toEqual([3n]);

  relay.fails = () => false;
  await publishOutbox(deps, ON);
  expect([...store.pending.keys()]).toEqual([]);
  expect(reads).toBe(2);
});

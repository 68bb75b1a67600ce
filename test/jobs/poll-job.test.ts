import { describe, expect, test } from 'vitest';
import { jobsDatabase, POLL_MS } from '../support/test-deps.ts';
import { EVENTS, ID } from '../support/run-events.ts';
import { pollJob } from '../../src/jobs/poll-job.ts';
import {
  FAILURES_BEFORE_ABANDON,
  LEASE_MS,
  MAX_BACKOFF_MS,
  NOT_FOUND_GRACE_MS,
  RUN_DEADLINE_MS,
} from '../../src/jobs/timing.ts';
import { UNKNOWN_OUTCOME_DEADLINE_MS } from '../../src/domain/job-state.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/values/units.ts';
import type { RunStatus } from '../../src/jobs/poll-job.ts';

const { prisma, pool, add, read, testDeps } = await jobsDatabase();

const RUNNING = { state: 'RUNNING', falRequestId: ID } as const;
const NOT_FOUND: RunStatus = { kind: 'not-found', message: 'fal does not know this run.' };
const UNREACHABLE: RunStatus = { kind: 'unreachable', message: 'no answer' };

const ago = (ms: number) => new Date(Date.now() - ms);
const CANCELLING = { ...RUNNING, cancelRequestedAt: ago(0) };
const OVERDUE = { ...RUNNING, createdAt: ago(RUN_DEADLINE_MS + 1) };

/** A job, polled once for each status that fal answers with. */
async function polled(columns: Parameters<typeof add>[1], ...statuses: readonly RunStatus[]) {
  const fixture = testDeps();
  const { deps, store, provider } = fixture;
  await add('job', columns);
  const poll = async (status: RunStatus) => {
    provider.status = status;
    const job = await store.findJobToPoll({ jobId: 'job' });
    if (job !== null) await pollJob(deps, job);
    return read('job');
  };
  for (const status of statuses) await poll(status);
  const nextInMs = () => fixture.polls.at(-1);
  return { ...fixture, poll, nextInMs, job: await read('job') };
}

describe('an open run', () => {
  test('is polled again after an interval, and its failures are reset', async () => {
    const { job, nextInMs } = await polled({ ...RUNNING, pollFailures: 3 }, EVENTS.runningHalf);
    expect(job).toMatchObject({ pollFailures: 0, avatar: { progressPercent: 50 } });
    expect(nextInMs()).toBe(POLL_MS);
  });

  test('is polled with exponential backoff of at most a minute while fal is unreachable', async () => {
    const { job, polls } = await polled(RUNNING, ...Array<RunStatus>(7).fill(UNREACHABLE));
    expect(polls).toEqual([3000, 6000, 12_000, 24_000, 48_000, MAX_BACKOFF_MS, MAX_BACKOFF_MS]);
    expect(job.state).toBe('RUNNING');
  });

  test('that fal does not know is LOST after the grace period only', async () => {
    const { poll, nextInMs } = await polled(RUNNING, NOT_FOUND);
    const notFoundFor = (ms: number) => prisma.job.updateMany({ data: { notFoundSince: ago(ms) } });
    await notFoundFor(NOT_FOUND_GRACE_MS - MINUTE_MS);
    expect((await poll(NOT_FOUND)).state).toBe('RUNNING');
    expect(nextInMs()).toBe(POLL_MS);
    await notFoundFor(NOT_FOUND_GRACE_MS);
    expect((await poll(NOT_FOUND)).avatar).toMatchObject({ status: 'FAILED', errorCode: 'LOST' });
  });

  test.each([
    ['once fal knows it again', EVENTS.running, true],
    ['but not while fal is unreachable', UNREACHABLE, false],
  ])('has its whole grace period again %s', async (_when, status, isReset) => {
    const { job } = await polled({ ...RUNNING, notFoundSince: ago(MINUTE_MS) }, status);
    expect(job.notFoundSince === null).toBe(isReset);
  });

  test('that fal does not know after a long outage is not lost', async () => {
    const { job } = await polled({ ...OVERDUE, pollFailures: 2 * FAILURES_BEFORE_ABANDON }, NOT_FOUND);
    expect(job.state).toBe('RUNNING');
  });

  test.each<[string, RunStatus]>([
    ['runs', { kind: 'running', percent: 10 }],
    ['waits', { kind: 'queued', position: 1 }],
    ['cannot be polled', UNREACHABLE],
  ])('that still %s after a day is LOST', async (_what, status) => {
    const failed = { ...RUNNING, pollFailures: FAILURES_BEFORE_ABANDON };
    const before = await polled({ ...failed, createdAt: ago(RUN_DEADLINE_MS - MINUTE_MS) }, status);
    expect(before.job.state).not.toBe('FAILED');
    await prisma.job.updateMany({
      data: { createdAt: ago(RUN_DEADLINE_MS + 1), pollFailures: FAILURES_BEFORE_ABANDON },
    });
    expect((await before.poll(status)).avatar).toMatchObject({ status: 'FAILED', errorCode: 'LOST' });
  });

  test('is not lost by one failed poll, however old it is', async () => {
    const { job } = await polled({ ...RUNNING, createdAt: ago(2 * RUN_DEADLINE_MS) }, UNREACHABLE);
    expect(job.state).toBe('RUNNING');
  });

  test('that is overdue is LOST only when fal confirms the cancel, or after many failures', async () => {
    const { poll, provider, nextInMs } = await polled(OVERDUE);
    provider.cancelOutcome = 'unreachable';
    for (let turn = 0; turn < FAILURES_BEFORE_ABANDON; turn++) {
      expect((await poll(EVENTS.running)).state).toBe('RUNNING');
    }
    expect(nextInMs()).toBe(MAX_BACKOFF_MS);
    expect((await poll(EVENTS.running)).avatar).toMatchObject({ status: 'FAILED', errorCode: 'LOST' });
    expect(provider.cancelled).toHaveLength(FAILURES_BEFORE_ABANDON + 1);
  });

  test.each<[what: string, columns: Parameters<typeof add>[1], message: string]>([
    ['a run', OVERDUE, `The run did not end within ${RUN_DEADLINE_MS / HOUR_MS} hours.`],
    [
      'a submit with unknown outcome',
      { state: 'SUBMIT_UNKNOWN' },
      `No webhook about this submit arrived within ${UNKNOWN_OUTCOME_DEADLINE_MS / HOUR_MS} hours. ` +
        'fal may have started a run, so it counts for the limits. Start it again.',
    ],
  ])('says when it is given up: %s', async (_what, columns, errorMessage) => {
    const { job } = await polled(columns, EVENTS.running);
    expect(job.avatar).toMatchObject({ errorCode: 'LOST', errorMessage });
  });

  test('that is overdue and ends before its cancel keeps its result', async () => {
    const { poll, provider, nextInMs } = await polled(OVERDUE);
    provider.cancelOutcome = 'already-completed';
    expect((await poll(EVENTS.running)).state).toBe('RUNNING');
    expect(nextInMs()).toBe(POLL_MS);
    expect((await poll(EVENTS.lora)).avatar?.status).toBe('COMPLETED');
  });

  test.each<[late: RunStatus, found: RunStatus]>([
    [
      { kind: 'queued', position: 3 },
      { kind: 'running', percent: 60 },
    ],
    [NOT_FOUND, { kind: 'running', percent: 60 }],
    // Changes only the time of the next poll.
    [NOT_FOUND, { kind: 'queued', position: null }],
  ])('ignores the late answer %j of a poll whose lease expired, after %j', async (late, found) => {
    const { deps, store, provider } = testDeps();
    await add('job', { state: 'QUEUED', falRequestId: ID, notFoundSince: ago(2 * NOT_FOUND_GRACE_MS) });
    const claim = async () => {
      await pool.query('UPDATE jobs SET next_poll_at = now()');
      const [job] = await store.claimDue(1, { leaseMs: LEASE_MS, furthestMs: 3_600_000 });
      if (job === undefined) throw new Error('Expected a due job, got none');
      return job;
    };
    let answer: (status: RunStatus) => void = () => undefined;
    provider.fetchStatus = () => new Promise((resolve) => (answer = resolve));
    const first = pollJob(deps, await claim());
    provider.fetchStatus = () => Promise.resolve(found);
    await pollJob(deps, await claim());
    const job = await read('job');

    answer(late);
    await first;

    expect(await read('job')).toEqual(job);
    expect(job.avatar?.status).toBe(found.kind === 'running' ? 'TRAINING' : 'QUEUED');
  });
});

describe('a submit', () => {
  test('whose process died before the answer has an unknown outcome and is not sent again', async () => {
    const { job, provider } = await polled({}, EVENTS.queued);
    expect(job.avatar?.errorCode).toBe('SUBMIT_OUTCOME_UNKNOWN');
    expect(provider.polled).toEqual([]);
  });

  test('of unknown outcome is LOST at its deadline', async () => {
    const { job } = await polled({ state: 'SUBMIT_UNKNOWN' }, UNREACHABLE);
    expect(job.avatar?.errorCode).toBe('LOST');
  });
});

describe('a cancel', () => {
  test('is sent once, and a run that fal removed from its queue is CANCELLED', async () => {
    const { poll, provider } = await polled(CANCELLING);
    provider.cancelOutcome = 'removed';
    await poll(EVENTS.queued);
    expect(await poll(EVENTS.queued)).toMatchObject({ avatar: { status: 'CANCELLED' }, nextPollAt: null });
    expect(provider.cancelled).toEqual([ID]);
    expect(provider.polled).toEqual([]);
  });

  test.each(['requested', 'already-completed', 'not-found'] as const)(
    'with the outcome %s is sent once, and the run ends as fal reports',
    async (cancelOutcome) => {
      for (const [end, status] of [
        [EVENTS.lora, 'COMPLETED'],
        [EVENTS.failed, 'CANCELLED'],
        [EVENTS.cancelledNamed, 'CANCELLED'],
      ] as const) {
        await pool.query('DELETE FROM avatars; DELETE FROM jobs');
        const { poll, provider } = await polled(CANCELLING);
        provider.cancelOutcome = cancelOutcome;
        expect((await poll(end)).avatar?.status).toBe(status);
        expect(provider.cancelled).toEqual([ID]);
      }
    },
  );

  test('is sent again while fal is unreachable', async () => {
    const { poll, provider } = await polled(CANCELLING);
    for (const outcome of ['unreachable', 'unreachable', 'requested', 'requested'] as const) {
      provider.cancelOutcome = outcome;
      await poll(UNREACHABLE);
    }
    expect(provider.cancelled).toEqual([ID, ID, ID]);
  });

  test.each<[what: string, columns: Parameters<typeof add>[1], status: RunStatus, recorded: object]>([
    ['runs', {}, EVENTS.runningHalf, { state: 'RUNNING', avatar: { progressPercent: 50 } }],
    [
      'is not known to fal any more',
      { notFoundSince: ago(NOT_FOUND_GRACE_MS) },
      NOT_FOUND,
      { state: 'CANCELLED', nextPollAt: null },
    ],
    [
      'is given up',
      { createdAt: ago(RUN_DEADLINE_MS + 1), pollFailures: FAILURES_BEFORE_ABANDON },
      EVENTS.running,
      { state: 'CANCELLED', nextPollAt: null },
    ],
  ])('that got no response does not hide that the run %s', async (_what, ...row) => {
    const [columns, status, recorded] = row;
    const { poll, provider } = await polled({ ...CANCELLING, ...columns });
    provider.cancelOutcome = 'unreachable';
    expect(await poll(status)).toMatchObject({ ...recorded, cancelAnsweredAt: null });
  });

  test('of a run whose request id arrived after its end is sent once', async () => {
    const { poll, provider } = await polled({ ...CANCELLING, state: 'CANCELLED', nextPollAt: ago(0) });
    await poll(EVENTS.queued);
    expect((await poll(EVENTS.queued)).nextPollAt).toBeNull();
    expect(provider.cancelled).toEqual([ID]);
    expect(provider.polled).toEqual([]);
  });
});

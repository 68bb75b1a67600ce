import { describe, expect, test } from 'vitest';
import { testDeps, POLL_MS } from '../support/test-deps.ts';
import { EVENTS, ID } from '../support/run-events.ts';
import { pollJob } from '../../src/jobs/poll-job.ts';
import {
  FAILURES_BEFORE_ABANDON,
  MAX_BACKOFF_MS,
  NOT_FOUND_GRACE_MS,
  RUN_DEADLINE_MS,
} from '../../src/jobs/timing.ts';
import { training } from '../support/domain-fixtures.ts';
import type { RunStatus } from '../../src/jobs/poll-job.ts';
import type { Row } from '../support/memory-store.ts';

const RUNNING = training({ state: 'RUNNING', falRequestId: ID }, { status: 'TRAINING' });
const CANCELLING = training({ ...RUNNING.job, cancelRequested: true }, { status: 'TRAINING' });
const GONE: RunStatus = { kind: 'not-found', message: 'fal does not know this run.' };
const AWAY: RunStatus = { kind: 'unreachable', message: 'no answer' };

/** Looks at a job as often as `inspections` has answers. */
async function lookedAt(world = RUNNING, inspections: readonly RunStatus[] = [], start: Partial<Row> = {}) {
  const bed = testDeps();
  const row = bed.store.add('job', world, start);
  const look = async () => {
    const due = await bed.store.findJobToPoll({ jobId: 'job' });
    if (due !== null) await pollJob(bed.deps, due);
  };
  for (const inspection of inspections) {
    bed.provider.inspection = inspection;
    await look();
  }
  return { ...bed, row, look };
}

describe('an open run', () => {
  test('is looked at again after an interval, and its failures are forgotten', async () => {
    const { row } = await lookedAt(RUNNING, [EVENTS.runningHalf], { pollFailures: 3 });
    expect(row).toMatchObject({ nextPollInMs: POLL_MS, pollFailures: 0 });
    expect(row.world.avatar?.progress.percent).toBe(50);
  });

  test('that fal cannot be asked about is asked about ever more seldom, but at least once a minute', async () => {
    const { row, look, provider } = await lookedAt();
    provider.inspection = AWAY;
    const pauses: unknown[] = [];
    for (let turn = 0; turn < 7; turn++) {
      await look();
      pauses.push(row.nextPollInMs);
    }
    expect(pauses).toEqual([3000, 6000, 12_000, 24_000, 48_000, MAX_BACKOFF_MS, MAX_BACKOFF_MS]);
    expect(row.world.job.state).toBe('RUNNING');
  });

  test('that fal does not know counts as lost only after the grace time', async () => {
    const { row, store, look } = await lookedAt(RUNNING, [GONE]);
    store.now += NOT_FOUND_GRACE_MS - 1;
    await look();
    expect(row).toMatchObject({ nextPollInMs: POLL_MS, world: { job: { state: 'RUNNING' } } });
    store.now += 1;
    await look();
    expect(row.world.avatar).toMatchObject({ status: 'FAILED', error: { code: 'LOST' } });
  });

  test('that fal knows again has all of its grace time left', async () => {
    const { row, store, provider, look } = await lookedAt(RUNNING, [GONE, EVENTS.running]);
    store.now += NOT_FOUND_GRACE_MS;
    provider.inspection = GONE;
    await look();
    expect(row.world.job.state).toBe('RUNNING');
  });

  // While fal cannot be asked it says nothing about the run, so that time is no part of the grace.
  test('that fal does not know for once after a long outage is not lost', async () => {
    const { row, store, provider, look } = await lookedAt(RUNNING, Array<RunStatus>(60).fill(AWAY));
    store.now += RUN_DEADLINE_MS;
    provider.inspection = GONE;
    await look();
    expect(row.world.job.state).toBe('RUNNING');
  });

  test.each<[string, RunStatus]>([
    ['runs', { kind: 'running', percent: 10 }],
    ['waits', { kind: 'queued', position: 1 }],
    ['cannot be asked about', AWAY],
  ])('that still %s after a day is lost, and a moment before is not', async (_what, inspection) => {
    const pollFailures = FAILURES_BEFORE_ABANDON;
    const before = await lookedAt(RUNNING, [inspection], { ageMs: RUN_DEADLINE_MS, pollFailures });
    expect(before.row.world.job.state).not.toBe('FAILED');
    const later = await lookedAt(RUNNING, [inspection], { ageMs: RUN_DEADLINE_MS + 1, pollFailures });
    expect(later.row.world.avatar).toMatchObject({ status: 'FAILED', error: { code: 'LOST' } });
  });

  test('that could not be asked about once is not lost, however old it is', async () => {
    const { row } = await lookedAt(RUNNING, [AWAY], { ageMs: 2 * RUN_DEADLINE_MS });
    expect(row.world.job.state).toBe('RUNNING');
  });

  test('that is overdue is not given up while fal cannot be told to stop it, but not for ever', async () => {
    const { row, provider, look } = await lookedAt(RUNNING, [], { ageMs: RUN_DEADLINE_MS + 1 });
    provider.cancelAnswer = 'unreachable';
    provider.inspection = EVENTS.running;
    for (let turn = 0; turn < FAILURES_BEFORE_ABANDON; turn++) {
      await look();
      expect(row.world.job.state).toBe('RUNNING');
    }
    expect(row.nextPollInMs).toBe(MAX_BACKOFF_MS);
    await look();
    expect(row.world.avatar).toMatchObject({ status: 'FAILED', error: { code: 'LOST' } });
    expect(provider.cancelled).toHaveLength(FAILURES_BEFORE_ABANDON + 1);
  });

  test('that is overdue and ends before fal is told to stop it is what it ended as', async () => {
    const { row, provider, look } = await lookedAt(RUNNING, [], { ageMs: RUN_DEADLINE_MS + 1 });
    provider.cancelAnswer = 'already-completed';
    provider.inspection = EVENTS.running;
    await look();
    expect(row).toMatchObject({ nextPollInMs: POLL_MS, world: { job: { state: 'RUNNING' } } });
    provider.inspection = EVENTS.lora;
    await look();
    expect(row.world.avatar?.status).toBe('COMPLETED');
  });

  test.each<[string, RunStatus]>([
    ['waits', { kind: 'queued', position: 3 }],
    ['is unknown', GONE],
  ])('is as a later look found it, though an earlier one hears now that it %s', async (_what, late) => {
    const { row, store, provider, deps } = await lookedAt(RUNNING, [], { notFoundSince: 0 });
    store.now = NOT_FOUND_GRACE_MS;
    const early = await store.findJobToPoll({ jobId: 'job' });
    provider.inspection = EVENTS.runningHalf;
    if (early !== null) await pollJob(deps, early);
    const found = { ...row };
    store.now += 1; // when the next look is planned for has changed with it
    provider.inspection = late;
    if (early !== null) await pollJob(deps, early);
    expect(row).toMatchObject({ world: found.world, version: found.version, revision: found.revision });
  });

  test('that ended after a day is what it ended as', async () => {
    const { row } = await lookedAt(RUNNING, [EVENTS.lora], { ageMs: 2 * RUN_DEADLINE_MS });
    expect(row.world.avatar?.status).toBe('COMPLETED');
  });
});

describe('a submit', () => {
  test('whose process ended before the answer has an unknown outcome, and is never sent again', async () => {
    const { row, provider } = await lookedAt(training(), [EVENTS.queued]);
    expect(row.world.avatar?.error?.code).toBe('SUBMIT_OUTCOME_UNKNOWN');
    expect(provider.inspected).toEqual([]);
  });

  test('of unknown outcome that nobody heard of is lost in the end', async () => {
    const { row } = await lookedAt(training({ state: 'SUBMIT_UNKNOWN' }, { status: 'QUEUED' }), [AWAY]);
    expect(row.world.avatar?.error?.code).toBe('LOST');
  });
});

describe('a run that is to be cancelled', () => {
  test('is told so once, and is CANCELLED when fal took it out of its queue', async () => {
    const { row, provider, look } = await lookedAt(CANCELLING);
    provider.cancelAnswer = 'removed';
    await look();
    await look();
    expect(row.world.avatar?.status).toBe('CANCELLED');
    expect(provider.cancelled).toEqual([ID]);
    expect(provider.inspected).toEqual([]);
    expect(row.nextPollInMs).toBeNull();
  });

  test.each(['requested', 'already-completed', 'not-found'] as const)(
    'and that fal answers with %s ends as it ends at fal',
    async (answer) => {
      for (const [inspection, status] of [
        [EVENTS.lora, 'COMPLETED'],
        [EVENTS.failed, 'CANCELLED'],
        [EVENTS.cancelledNamed, 'CANCELLED'],
      ] as const) {
        const { row, provider, look } = await lookedAt(CANCELLING);
        provider.cancelAnswer = answer;
        provider.inspection = inspection;
        await look();
        expect(row.world.avatar?.status).toBe(status);
        expect(provider.cancelled).toEqual([ID]);
      }
    },
  );

  test('is told so again while fal cannot be reached', async () => {
    const { provider, look } = await lookedAt(CANCELLING);
    provider.cancelAnswer = 'unreachable';
    provider.inspection = AWAY;
    await look();
    await look();
    provider.cancelAnswer = 'requested';
    await look();
    await look();
    expect(provider.cancelled).toEqual([ID, ID, ID]);
  });

  test('and whose id turned up after its end is told so, and then left alone', async () => {
    const ended = training({ ...CANCELLING.job, state: 'CANCELLED' }, { status: 'CANCELLED' });
    const { row, provider, look } = await lookedAt(ended);
    await look();
    await look();
    expect(provider.cancelled).toEqual([ID]);
    expect(provider.inspected).toEqual([]);
    expect(row.nextPollInMs).toBeNull();
  });
});

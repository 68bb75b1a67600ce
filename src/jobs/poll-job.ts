import { applyRunEvent, type LoadedJob, type RunEventDeps } from './apply-run-event.ts';
import { backoffMs, FAILURES_BEFORE_ABANDON, NOT_FOUND_GRACE_MS, RUN_DEADLINE_MS } from './timing.ts';
import { UNKNOWN_OUTCOME_DEADLINE_MS, type JobState } from '../domain/job-state.ts';
import { HOUR_MS } from '../values/units.ts';
import type { RunEvent, RunUrls } from '../domain/run-event.ts';

/** A run at fal: its request id, and the addresses that the submit's response gave. */
export type RunRef = RunUrls & { readonly endpoint: string; readonly requestId: string };

export type RunStatus =
  | Extract<RunEvent, { kind: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' }>
  /** fal does not know the run, or not yet. */
  | { readonly kind: 'not-found'; readonly message: string }
  | { readonly kind: 'unreachable'; readonly message: string };

export type CancelOutcome = 'removed' | 'requested' | 'already-completed' | 'not-found' | 'unreachable';

/** Neither method throws for a fault of fal or the network. */
export interface RunProvider {
  fetchStatus(run: RunRef): Promise<RunStatus>;
  cancel(run: RunRef): Promise<CancelOutcome>;
}

export type JobToPoll = Pick<LoadedJob, 'revision' | 'nextPollAt'> & {
  readonly id: string;
  readonly state: JobState;
  readonly run: RunRef | null;
  /** Polls in a row without a response. */
  readonly pollFailures: number;
  /** Milliseconds since fal first responded "not found". */
  readonly notFoundForMs: number;
  /** Milliseconds since its creation, by the database's clock. */
  readonly ageMs: number;
  /** A cancel was requested, or the avatar deleted, and fal has not responded to the cancel yet. */
  readonly cancelPending: boolean;
};

type PollOutcome = 'responded' | 'not-found' | 'no-response';

export interface PollStore {
  /** Plans the next poll (null: none), unless the plan changed since `job` was read. */
  reschedule(job: JobToPoll, nextPollInMs: number | null, outcome: PollOutcome): Promise<void>;
  /** From then on the cancel is not sent again. */
  recordCancelResponse(jobId: string): Promise<void>;
}

export type PollDeps = RunEventDeps & { readonly store: PollStore; readonly provider: RunProvider };

/**
 * Sends a pending cancel, asks fal about the run, records the response and plans the next poll. Several callers may poll
 * one job at the same time: the guards of the writes let one of them win.
 */
export async function pollJob(deps: PollDeps, job: JobToPoll): Promise<void> {
  const { run } = job;
  switch (job.state) {
    case 'SUBMITTING': {
      // A submit ends within a minute, so this one's process died.
      const message = 'The submit was interrupted before fal responded. A run may have started.';
      await applyRunEvent(deps, job.id, { event: { kind: 'unknown', message }, source: 'DEADLINE' });
      return;
    }
    case 'SUBMIT_UNKNOWN':
      await abandon(
        deps,
        job,
        `No webhook about this submit arrived within ${UNKNOWN_OUTCOME_DEADLINE_MS / HOUR_MS} hours. ` +
          'fal may have started a run, so it counts for the limits. Start it again.',
      );
      return;
    case 'QUEUED':
    case 'RUNNING':
      if (run !== null) await pollOpenRun(deps, job, run);
      return;
    case 'COMPLETED':
    case 'FAILED':
      // Only a webhook that contradicted the end plans a poll.
      if (job.nextPollAt === null) return;
      if (run === null) await deps.store.reschedule(job, null, 'responded');
      else await pollEndedRun(deps, job, run);
      return;
    case 'CANCELLED':
      if (!job.cancelPending || run === null) {
        await deps.store.reschedule(job, null, 'responded');
      } else if ((await sendCancel(deps, job, run)) === 'unreachable') {
        const retryInMs = backoffMs(deps.settings.pollIntervalMs, job.pollFailures);
        await deps.store.reschedule(job, retryInMs, 'no-response');
      }
  }
}

async function pollOpenRun(deps: PollDeps, job: JobToPoll, run: RunRef): Promise<void> {
  const { store, provider, settings } = deps;
  if (job.cancelPending && (await sendCancel(deps, job, run)) === 'removed') return;
  const status = await provider.fetchStatus(run);
  switch (status.kind) {
    case 'queued':
    case 'running':
      if (job.ageMs > RUN_DEADLINE_MS) {
        await endOverdue(deps, job, run);
        return;
      }
      await applyRunEvent(deps, job.id, { event: status, source: 'POLL', asOf: job });
      await store.reschedule(job, settings.pollIntervalMs, 'responded');
      return;
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      await applyRunEvent(deps, job.id, { event: status, source: 'POLL' });
      return;
    case 'not-found': {
      // fal may respond "not found" for a moment right after the submit, or while it stores the result.
      if (job.notFoundForMs < NOT_FOUND_GRACE_MS) {
        await store.reschedule(job, settings.pollIntervalMs, 'not-found');
        return;
      }
      const event = { kind: 'abandoned', message: status.message } as const;
      await applyRunEvent(deps, job.id, { event, source: 'POLL', asOf: job });
      return;
    }
    case 'unreachable':
      if (job.ageMs > RUN_DEADLINE_MS && job.pollFailures >= FAILURES_BEFORE_ABANDON) {
        await abandon(deps, job, status.message);
      } else {
        await backOff(deps, job, status.message);
      }
  }
}

/**
 * Asks fal about a run whose end a webhook contradicted. A stored failure is taken back if fal reports a success; a
 * stored success stands, because its artifact is stored and works.
 */
async function pollEndedRun(deps: PollDeps, job: JobToPoll, run: RunRef): Promise<void> {
  const { store, provider, log, settings } = deps;
  const status = await provider.fetchStatus(run);
  if (status.kind === 'not-found' && job.notFoundForMs < NOT_FOUND_GRACE_MS) {
    await store.reschedule(job, settings.pollIntervalMs, 'not-found');
    return;
  }
  const isOpen = status.kind === 'queued' || status.kind === 'running';
  if ((isOpen || status.kind === 'unreachable') && job.pollFailures < FAILURES_BEFORE_ABANDON) {
    await backOff(deps, job, isOpen ? 'fal reports an open run' : status.message);
    return;
  }
  log.warn({ jobId: job.id, state: job.state, falStatus: status.kind }, 'contradicted run polled');
  if (job.state === 'FAILED' && status.kind === 'succeeded') {
    const event = { ...status, kind: 'confirmed', requestId: run.requestId } as const;
    await applyRunEvent(deps, job.id, { event, source: 'POLL' });
  }
  await store.reschedule(job, null, 'responded');
}

/** An abandoned run must not continue and cost money, so it is stopped first. */
async function endOverdue(deps: PollDeps, job: JobToPoll, run: RunRef): Promise<void> {
  const outcome = await deps.provider.cancel(run);
  const isStopped = outcome !== 'unreachable' && outcome !== 'already-completed';
  if (isStopped || job.pollFailures >= FAILURES_BEFORE_ABANDON) {
    await abandon(deps, job, `The run did not end within ${RUN_DEADLINE_MS / HOUR_MS} hours.`);
  } else {
    await backOff(deps, job, `cancel of an overdue run: ${outcome}`);
  }
}

async function backOff(deps: PollDeps, job: JobToPoll, reason: string): Promise<void> {
  const { store, settings, log } = deps;
  log.warn({ jobId: job.id, failures: job.pollFailures + 1, reason }, 'run status unavailable');
  await store.reschedule(job, backoffMs(settings.pollIntervalMs, job.pollFailures), 'no-response');
}

async function abandon(deps: PollDeps, job: JobToPoll, message: string): Promise<void> {
  await applyRunEvent(deps, job.id, { event: { kind: 'abandoned', message }, source: 'DEADLINE', asOf: job });
}

/**
 * Records fal's response to a cancel, not the request: a run that can no longer be stopped ends as fal ends it. Without a
 * response the next poll sends the cancel again. The caller plans that poll: a plan made here would outdate the rest of
 * this one.
 */
async function sendCancel(deps: PollDeps, job: JobToPoll, run: RunRef): Promise<CancelOutcome> {
  const { provider, store, log } = deps;
  const outcome = await provider.cancel(run);
  log.info({ jobId: job.id, outcome }, 'cancel sent to fal');
  // After two deadlines the run has ended by itself.
  if (outcome === 'unreachable' && job.ageMs <= 2 * RUN_DEADLINE_MS) return outcome;
  await store.recordCancelResponse(job.id);
  if (outcome === 'removed') {
    const event = { kind: 'cancelled', requestId: run.requestId } as const;
    await applyRunEvent(deps, job.id, { event, source: 'CANCEL' });
  }
  return outcome;
}

import { backoffMs, FAILURES_BEFORE_LOST, NOT_FOUND_GRACE_MS, RUN_DEADLINE_MS } from './timing.ts';
import { applyRunEvent } from './apply-run-event.ts';
import type { DueJob, RunRef, JobDeps } from './ports.ts';

/**
 * Brings one job up to date: tells fal about a pending cancel, looks at the run, records what it found and plans the
 * next look. Safe to call for the same job from several places at once; record() lets one of them win.
 */
export async function pollJob(deps: JobDeps, job: DueJob): Promise<void> {
  switch (job.state) {
    case 'SUBMITTING': {
      // Whoever wrote it had a minute to hear from fal: that process is gone, or fal's answer is.
      const message = 'The submit was interrupted before fal answered; a run may have been started.';
      await applyRunEvent(deps, job.id, { event: { kind: 'unknown', message }, source: 'DEADLINE' });
      return;
    }
    case 'SUBMIT_UNKNOWN':
      await giveUp(deps, job, 'Nothing was heard of this submit, so it counts as not started.');
      return;
    case 'QUEUED':
    case 'RUNNING':
      if (job.run !== null) await lookAtRun(deps, job, job.run);
      return;
    case 'COMPLETED':
    case 'FAILED':
      // Planned only where a webhook contradicted the end.
      if (job.nextPollAt === null) return;
      if (job.run === null) await deps.store.reschedule(job, null, 'answer');
      else await lookAtEndedRun(deps, job, job.run);
      return;
    case 'CANCELLED':
      if (job.cancelPending && job.run !== null) await sendCancel(deps, job, job.run);
      else await deps.store.reschedule(job, null, 'answer');
  }
}

async function lookAtRun(deps: JobDeps, job: DueJob, run: RunRef): Promise<void> {
  const { store, provider, settings } = deps;
  if (job.cancelPending) {
    const answer = await sendCancel(deps, job, run);
    if (answer === 'removed') return;
  }
  const inspection = await provider.fetchStatus(run);
  switch (inspection.kind) {
    case 'queued':
    case 'running': {
      if (job.ageMs > RUN_DEADLINE_MS) {
        await endOverdue(deps, job, run);
        return;
      }
      await applyRunEvent(deps, job.id, { event: inspection, source: 'POLL', asOf: job });
      await store.reschedule(job, settings.pollIntervalMs, 'answer');
      return;
    }
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      await applyRunEvent(deps, job.id, { event: inspection, source: 'POLL' });
      return;
    case 'not-found': {
      // fal may answer "not found" for a moment right after the submit, or while the result is being stored.
      if (job.notFoundForMs >= NOT_FOUND_GRACE_MS) {
        const event = { kind: 'lost', message: inspection.message } as const;
        await applyRunEvent(deps, job.id, { event, source: 'POLL', asOf: job });
        return;
      }
      await store.reschedule(job, settings.pollIntervalMs, 'not-found');
      return;
    }
    case 'unreachable': {
      // One failed look says little, also of an old run: fal has to have been away for long.
      if (job.ageMs > RUN_DEADLINE_MS && job.pollFailures >= FAILURES_BEFORE_LOST) {
        await giveUp(deps, job, inspection.message);
        return;
      }
      await lookLater(deps, job, inspection.message);
    }
  }
}

/**
 * A run whose end was contradicted by a webhook: fal itself is asked, until it answers. A failure that fal does not
 * confirm is taken back; a success stands, because what came of it is here and works.
 */
async function lookAtEndedRun(deps: JobDeps, job: DueJob, run: RunRef): Promise<void> {
  const { store, provider, log } = deps;
  const inspection = await provider.fetchStatus(run);
  if (inspection.kind === 'not-found' && job.notFoundForMs < NOT_FOUND_GRACE_MS) {
    // The result may still be on its way into fal's store.
    await store.reschedule(job, deps.settings.pollIntervalMs, 'not-found');
    return;
  }
  const isOpen = inspection.kind === 'queued' || inspection.kind === 'running';
  if ((isOpen || inspection.kind === 'unreachable') && job.pollFailures < FAILURES_BEFORE_LOST) {
    await lookLater(deps, job, isOpen ? 'the run has not ended there' : inspection.message);
    return;
  }
  log.warn(
    { jobId: job.id, state: job.state, falSays: inspection.kind },
    'fal was asked about a run whose end was contradicted',
  );
  if (job.state === 'FAILED' && inspection.kind === 'succeeded') {
    const event = { ...inspection, kind: 'confirmed', requestId: run.requestId } as const;
    await applyRunEvent(deps, job.id, { event, source: 'POLL' });
  }
  // Planned anew meanwhile, it stays so; what was recorded just now plans nothing more.
  await store.reschedule(job, null, 'answer');
}

/** A run that is given up must not go on and be paid for; one that has ended meanwhile is no overdue one. */
async function endOverdue(deps: JobDeps, job: DueJob, run: RunRef): Promise<void> {
  const answer = await deps.provider.cancel(run);
  const isStopped = answer !== 'unreachable' && answer !== 'already-completed';
  if (isStopped || job.pollFailures >= FAILURES_BEFORE_LOST) {
    await giveUp(deps, job, 'The run did not end within 24 hours.');
  } else {
    await lookLater(deps, job, `told to stop an overdue run, fal answered: ${answer}`);
  }
}

async function lookLater(deps: JobDeps, job: DueJob, reason: string): Promise<void> {
  const { store, settings, log } = deps;
  log.warn({ jobId: job.id, failures: job.pollFailures + 1, reason }, 'run status unavailable');
  await store.reschedule(job, backoffMs(settings.pollIntervalMs, job.pollFailures), 'nothing');
}

async function giveUp(deps: JobDeps, job: DueJob, message: string): Promise<void> {
  await applyRunEvent(deps, job.id, { event: { kind: 'lost', message }, source: 'DEADLINE', asOf: job });
}

/** Asks fal to stop a run. What fal answers is what is recorded: a run that cannot be stopped any more ends as it ends. */
async function sendCancel(deps: JobDeps, job: DueJob, run: RunRef): Promise<'removed' | 'asked' | 'later'> {
  const { provider, store, settings, log } = deps;
  const answer = await provider.cancel(run);
  log.info({ jobId: job.id, answer }, 'cancel sent to fal');
  switch (answer) {
    case 'removed': {
      await store.cancelAnswered(job.id);
      const event = { kind: 'cancelled', requestId: run.requestId } as const;
      await applyRunEvent(deps, job.id, { event, source: 'CANCEL' });
      return 'removed';
    }
    case 'requested':
    case 'already-completed':
    case 'not-found':
      await store.cancelAnswered(job.id);
      return 'asked';
    case 'unreachable':
      if (job.ageMs > 2 * RUN_DEADLINE_MS) {
        // The run has long ended by itself.
        await store.cancelAnswered(job.id);
        return 'asked';
      }
      await store.reschedule(job, backoffMs(settings.pollIntervalMs, job.pollFailures), 'nothing');
      return 'later';
  }
}

import { backoffMs, FAILURES_BEFORE_LOST, NOT_FOUND_GRACE_MS, RUN_DEADLINE_MS } from './timing.ts';
import { record } from './apply-run-event.ts';
import type { DueJob, RunRef, Workshop } from './ports.ts';

/**
 * Brings one job up to date: tells fal about a pending cancel, looks at the run, records what it found and plans the
 * next look. Safe to call for the same job from several places at once; record() lets one of them win.
 */
export async function lookAfter(workshop: Workshop, job: DueJob): Promise<void> {
  switch (job.state) {
    case 'SUBMITTING': {
      // Whoever wrote it had a minute to hear from fal: that process is gone, or fal's answer is.
      const message = 'The submit was interrupted before fal answered; a run may have been started.';
      await record(workshop, job.id, { event: { kind: 'unknown', message }, source: 'DEADLINE' });
      return;
    }
    case 'SUBMIT_UNKNOWN':
      await giveUp(workshop, job, 'Nothing was heard of this submit, so it counts as not started.');
      return;
    case 'QUEUED':
    case 'RUNNING':
      if (job.run !== null) await lookAtRun(workshop, job, job.run);
      return;
    case 'COMPLETED':
    case 'FAILED':
      // Planned only where a webhook contradicted the end.
      if (job.nextPollAt === null) return;
      if (job.run === null) await workshop.store.reschedule(job, null, 'answer');
      else await lookAtEndedRun(workshop, job, job.run);
      return;
    case 'CANCELLED':
      if (job.cancelPending && job.run !== null) await sendCancel(workshop, job, job.run);
      else await workshop.store.reschedule(job, null, 'answer');
  }
}

async function lookAtRun(workshop: Workshop, job: DueJob, run: RunRef): Promise<void> {
  const { store, provider, settings } = workshop;
  if (job.cancelPending) {
    const answer = await sendCancel(workshop, job, run);
    if (answer === 'removed') return;
  }
  const inspection = await provider.inspect(run);
  switch (inspection.kind) {
    case 'queued':
    case 'running': {
      if (job.ageMs > RUN_DEADLINE_MS) {
        await endOverdue(workshop, job, run);
        return;
      }
      await record(workshop, job.id, { event: inspection, source: 'POLL', asOf: job });
      await store.reschedule(job, settings.pollIntervalMs, 'answer');
      return;
    }
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      await record(workshop, job.id, { event: inspection, source: 'POLL' });
      return;
    case 'not-found': {
      // fal may answer "not found" for a moment right after the submit, or while the result is being stored.
      if (job.notFoundForMs >= NOT_FOUND_GRACE_MS) {
        const event = { kind: 'lost', message: inspection.message } as const;
        await record(workshop, job.id, { event, source: 'POLL', asOf: job });
        return;
      }
      await store.reschedule(job, settings.pollIntervalMs, 'not-found');
      return;
    }
    case 'unreachable': {
      // One failed look says little, also of an old run: fal has to have been away for long.
      if (job.ageMs > RUN_DEADLINE_MS && job.pollFailures >= FAILURES_BEFORE_LOST) {
        await giveUp(workshop, job, inspection.message);
        return;
      }
      await lookLater(workshop, job, inspection.message);
    }
  }
}

/**
 * A run whose end was contradicted by a webhook: fal itself is asked, until it answers. A failure that fal does not
 * confirm is taken back; a success stands, because what came of it is here and works.
 */
async function lookAtEndedRun(workshop: Workshop, job: DueJob, run: RunRef): Promise<void> {
  const { store, provider, log } = workshop;
  const inspection = await provider.inspect(run);
  if (inspection.kind === 'not-found' && job.notFoundForMs < NOT_FOUND_GRACE_MS) {
    // The result may still be on its way into fal's store.
    await store.reschedule(job, workshop.settings.pollIntervalMs, 'not-found');
    return;
  }
  const isOpen = inspection.kind === 'queued' || inspection.kind === 'running';
  if ((isOpen || inspection.kind === 'unreachable') && job.pollFailures < FAILURES_BEFORE_LOST) {
    await lookLater(workshop, job, isOpen ? 'the run has not ended there' : inspection.message);
    return;
  }
  log.warn(
    { jobId: job.id, state: job.state, falSays: inspection.kind },
    'fal was asked about a run whose end was contradicted',
  );
  if (job.state === 'FAILED' && inspection.kind === 'succeeded') {
    const event = { ...inspection, kind: 'confirmed', requestId: run.requestId } as const;
    await record(workshop, job.id, { event, source: 'POLL' });
  }
  // Planned anew meanwhile, it stays so; what was recorded just now plans nothing more.
  await store.reschedule(job, null, 'answer');
}

/** A run that is given up must not go on and be paid for; one that has ended meanwhile is no overdue one. */
async function endOverdue(workshop: Workshop, job: DueJob, run: RunRef): Promise<void> {
  const answer = await workshop.provider.cancel(run);
  const isStopped = answer !== 'unreachable' && answer !== 'already-completed';
  if (isStopped || job.pollFailures >= FAILURES_BEFORE_LOST) {
    await giveUp(workshop, job, 'The run did not end within 24 hours.');
  } else {
    await lookLater(workshop, job, `told to stop an overdue run, fal answered: ${answer}`);
  }
}

async function lookLater(workshop: Workshop, job: DueJob, reason: string): Promise<void> {
  const { store, settings, log } = workshop;
  log.warn({ jobId: job.id, failures: job.pollFailures + 1, reason }, 'fal could not tell how a run stands');
  await store.reschedule(job, backoffMs(settings.pollIntervalMs, job.pollFailures), 'nothing');
}

async function giveUp(workshop: Workshop, job: DueJob, message: string): Promise<void> {
  await record(workshop, job.id, { event: { kind: 'lost', message }, source: 'DEADLINE', asOf: job });
}

/** Asks fal to stop a run. What fal answers is what is recorded: a run that cannot be stopped any more ends as it ends. */
async function sendCancel(
  workshop: Workshop,
  job: DueJob,
  run: RunRef,
): Promise<'removed' | 'asked' | 'later'> {
  const { provider, store, settings, log } = workshop;
  const answer = await provider.cancel(run);
  log.info({ jobId: job.id, answer }, 'asked fal to cancel a run');
  switch (answer) {
    case 'removed': {
      await store.cancelAnswered(job.id);
      const event = { kind: 'cancelled', requestId: run.requestId } as const;
      await record(workshop, job.id, { event, source: 'CANCEL' });
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

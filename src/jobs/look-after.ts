import { backoffMs, FAILURES_BEFORE_LOST, NOT_FOUND_GRACE_MS, RUN_DEADLINE_MS } from './timing.ts';
import { record } from './record.ts';
import type { DueJob, RunRef, Workshop } from './ports.ts';

/**
 * Brings one open job up to date: tells fal about a pending cancel, looks at the run, records what it found and plans
 * the next look. Safe to call for the same job from several places at once; record() lets one of them win.
 */
export async function lookAfter(workshop: Workshop, job: DueJob): Promise<void> {
  switch (job.state) {
    case 'SUBMITTING':
      // Whoever wrote it had a minute to hear from fal: that process is gone, or fal's answer is.
      await record(
        workshop,
        job.id,
        {
          kind: 'unknown',
          message: 'The submit was interrupted before fal answered; a run may have been started.',
        },
        'DEADLINE',
      );
      return;
    case 'SUBMIT_UNKNOWN':
      await record(
        workshop,
        job.id,
        { kind: 'lost', message: 'Nothing was heard of this submit, so it counts as not started.' },
        'DEADLINE',
      );
      return;
    case 'QUEUED':
    case 'RUNNING':
      if (job.run !== null) await lookAtRun(workshop, job, job.run);
      return;
    case 'COMPLETED':
    case 'FAILED':
      await workshop.store.reschedule(job, null, 'answer');
      return;
    case 'CANCELLED':
      if (job.cancelPending && job.run !== null) await sendCancel(workshop, job, job.run);
      else await workshop.store.reschedule(job, null, 'answer');
  }
}

async function lookAtRun(workshop: Workshop, job: DueJob, run: RunRef): Promise<void> {
  const { store, provider, settings, log } = workshop;
  if (job.cancelPending) {
    const answer = await sendCancel(workshop, job, run);
    if (answer === 'removed') return;
  }
  const inspection = await provider.inspect(run);
  switch (inspection.kind) {
    case 'queued':
    case 'running': {
      if (job.ageMs > RUN_DEADLINE_MS) {
        // It is given up, so it must not run on and be paid for.
        await provider.cancel(run);
        await record(
          workshop,
          job.id,
          { kind: 'lost', message: 'The run did not end within 24 hours.' },
          'DEADLINE',
        );
        return;
      }
      await record(workshop, job.id, inspection, 'POLL');
      await store.reschedule(job, settings.pollIntervalMs, 'answer');
      return;
    }
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      await record(workshop, job.id, inspection, 'POLL');
      return;
    case 'not-found': {
      // fal may answer "not found" for a moment right after the submit, or while the result is being stored.
      if (job.notFoundForMs >= NOT_FOUND_GRACE_MS) {
        await record(workshop, job.id, { kind: 'lost', message: inspection.message }, 'POLL');
        return;
      }
      await store.reschedule(job, settings.pollIntervalMs, 'not-found');
      return;
    }
    case 'unreachable': {
      // One failed look says little, also of an old run: fal has to have been away for long.
      if (job.ageMs > RUN_DEADLINE_MS && job.pollFailures >= FAILURES_BEFORE_LOST) {
        await record(workshop, job.id, { kind: 'lost', message: inspection.message }, 'DEADLINE');
        return;
      }
      log.warn(
        { jobId: job.id, failures: job.pollFailures + 1, reason: inspection.message },
        'fal could not be asked',
      );
      await store.reschedule(job, backoffMs(settings.pollIntervalMs, job.pollFailures), 'nothing');
    }
  }
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
    case 'removed':
      await store.cancelAnswered(job.id);
      await record(workshop, job.id, { kind: 'cancelled', requestId: run.requestId }, 'CANCEL');
      return 'removed';
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

import { applyRunEvent } from './apply-run-event.ts';
import { pollJob, type JobToPoll, type PollDeps } from './poll-job.ts';
import { withTimeout } from '../async/with-timeout.ts';

/** How long the caller waits for fal's response to the cancel. */
const RESPONSE_TIMEOUT_MS = 5000;

/** The open job of a training or of a generation. */
type RunOf = { readonly avatarId: string } | { readonly generationId: string };

export type CancelRunDeps = PollDeps & {
  readonly store: {
    /** Marks the open job as cancelled by its owner; null when there is none. */
    requestCancel(ownerId: string, of: RunOf): Promise<JobToPoll | null>;
    findJobToPoll(key: { readonly jobId: string }): Promise<JobToPoll | null>;
  };
};

/**
 * Cancels a run, and resolves with whether there was an open one. The request is stored first, so the reconciler sends
 * it when fal cannot be reached now. The avatar or generation shows what fal did: CANCELLED, or the run's own end. A run
 * without a known request id becomes CANCELLED at once; the cancel is sent when its id arrives.
 */
export async function cancelRun(deps: CancelRunDeps, ownerId: string, of: RunOf): Promise<boolean> {
  const { store, log, inFlight } = deps;
  let job = await store.requestCancel(ownerId, of);
  if (job === null) return false;
  if (job.run === null) {
    const applied = await applyRunEvent(deps, job.id, {
      event: { kind: 'cancelledBeforeSubmit' },
      source: 'CANCEL',
    });
    if (applied.kind === 'applied') return true;
    // The run became known in between, or has ended.
    job = await store.findJobToPoll({ jobId: job.id });
    if (job?.run == null) return true;
  }
  const { id: jobId } = job;
  const sent = inFlight.track(pollJob(deps, job)).catch((error: unknown) => {
    log.warn({ err: error, jobId }, 'cancel not sent; the reconciler will retry');
  });
  await withTimeout(sent, RESPONSE_TIMEOUT_MS).catch(() => undefined);
  return true;
}

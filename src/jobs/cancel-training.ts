import { pollJob } from './poll-job.ts';
import { applyRunEvent } from './apply-run-event.ts';
import { withTimeout } from '../async/with-timeout.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import type { JobDeps } from './ports.ts';

/** How long the caller waits for fal's answer; what it is then shows on the avatar when it comes. */
const ANSWER_WITHIN_MS = 5000;

/**
 * Asks for the end of an avatar's open training. The wish is stored before fal is told, so it is carried out even if
 * fal cannot be reached now. What the avatar then shows is what fal did: CANCELLED once the run is stopped, or
 * COMPLETED when it was too late and the artefact is there. A run without a known request id ends here and now, and
 * fal is told as soon as the id turns up.
 */
export async function cancelTraining(
  deps: JobDeps,
  ownerId: string,
  avatarId: string,
): Promise<Result<{ readonly avatarId: string }, 'NOT_FOUND' | 'CONFLICT'>> {
  const { store, log, inFlight } = deps;
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return refuse('NOT_FOUND', 'There is no such avatar.');
  let job = await store.requestCancel(ownerId, avatarId);
  if (job === null) {
    if (avatar.status === 'CANCELLED') return { done: { avatarId } };
    return refuse('CONFLICT', `There is no training to cancel: the avatar's status is ${avatar.status}.`);
  }
  if (job.run === null) {
    const recorded = await applyRunEvent(deps, job.id, { event: { kind: 'withdrawn' }, source: 'CANCEL' });
    if (recorded.kind === 'applied') return { done: { avatarId } };
    // The run became known in between, or it has ended.
    job = await store.due(job.id);
    if (job?.run == null) return { done: { avatarId } };
  }
  const told = inFlight.track(pollJob(deps, job)).catch((error: unknown) => {
    log.warn({ err: error, jobId: job.id }, 'cancel not sent; the reconciler will retry');
  });
  await withTimeout(told, ANSWER_WITHIN_MS).catch(() => undefined);
  return { done: { avatarId } };
}

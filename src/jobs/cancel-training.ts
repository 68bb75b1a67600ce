import { applyRunEvent } from './apply-run-event.ts';
import { NO_SUCH_AVATAR, refuse, type Result } from '../domain/user-error.ts';
import { pollJob, type JobToPoll, type PollDeps } from './poll-job.ts';
import { withTimeout } from '../async/with-timeout.ts';
import type { AvatarStatus } from '../domain/decide-training.ts';

/** How long the caller waits for fal's answer to the cancel. */
const ANSWER_TIMEOUT_MS = 5000;

interface CancelStore {
  findAvatar(ownerId: string, avatarId: string): Promise<{ readonly status: AvatarStatus } | null>;
  /** Marks the avatar's open training as cancelled by its owner; null when there is none. */
  requestCancel(ownerId: string, avatarId: string): Promise<JobToPoll | null>;
  findJobToPoll(key: { readonly jobId: string }): Promise<JobToPoll | null>;
}

export type CancelTrainingDeps = PollDeps & { readonly store: CancelStore };

/**
 * Cancels an avatar's open training. The request is stored first, so the reconciler sends it when fal cannot be reached
 * now. The avatar shows what fal did: CANCELLED, or COMPLETED when the run had ended. A run without a known request id
 * becomes CANCELLED at once; the cancel is sent when its id arrives.
 */
export async function cancelTraining(
  deps: CancelTrainingDeps,
  ownerId: string,
  avatarId: string,
): Promise<Result<{ readonly avatarId: string }, 'NOT_FOUND' | 'CONFLICT'>> {
  const { store, log, inFlight } = deps;
  const done = { done: { avatarId } };
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return NO_SUCH_AVATAR;
  let job = await store.requestCancel(ownerId, avatarId);
  if (job === null) {
    if (avatar.status === 'CANCELLED') return done;
    return refuse('CONFLICT', `There is no training to cancel: the avatar's status is ${avatar.status}.`);
  }
  if (job.run === null) {
    const applied = await applyRunEvent(deps, job.id, {
      event: { kind: 'cancelledBeforeSubmit' },
      source: 'CANCEL',
    });
    if (applied.kind === 'applied') return done;
    // The run became known in between, or has ended.
    job = await store.findJobToPoll({ jobId: job.id });
    if (job?.run == null) return done;
  }
  const { id: jobId } = job;
  const sent = inFlight.track(pollJob(deps, job)).catch((error: unknown) => {
    log.warn({ err: error, jobId }, 'cancel not sent; the reconciler will retry');
  });
  await withTimeout(sent, ANSWER_TIMEOUT_MS).catch(() => undefined);
  return done;
}

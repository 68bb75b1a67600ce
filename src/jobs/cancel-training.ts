import { cancelRun, type CancelRunDeps } from './cancel-run.ts';
import { NO_SUCH_AVATAR, refuse, type Result } from '../domain/refusal.ts';
import type { AvatarStatus } from '../domain/decide-training.ts';

interface CancelStore {
  findAvatar(ownerId: string, avatarId: string): Promise<{ readonly status: AvatarStatus } | null>;
}

export type CancelTrainingDeps = CancelRunDeps & { readonly store: CancelStore };

/** Cancels an avatar's open training. */
export async function cancelTraining(
  deps: CancelTrainingDeps,
  ownerId: string,
  avatarId: string,
): Promise<Result<{ readonly avatarId: string }, 'NOT_FOUND' | 'CONFLICT'>> {
  if (await cancelRun(deps, ownerId, { avatarId })) return { done: { avatarId } };
  // Read after the cancel: the run may have ended at this moment.
  const avatar = await deps.store.findAvatar(ownerId, avatarId);
  if (avatar === null) return NO_SUCH_AVATAR;
  const { status } = avatar;
  return status === 'CANCELLED'
    ? { done: { avatarId } }
    : refuse('CONFLICT', `There is no training to cancel: the avatar's status is ${status}.`);
}

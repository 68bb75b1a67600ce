import { publishSoon } from './apply-run-event.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import type { JobDeps } from './ports.ts';

/**
 * Deletes an avatar with its generations. Its open runs are cancelled, here at once and at fal by the reconciler; what
 * still comes of them is ignored.
 */
export async function deleteAvatar(
  deps: JobDeps,
  ownerId: string,
  avatarId: string,
): Promise<Result<{ readonly deletedAvatarId: string }, 'NOT_FOUND'>> {
  const announcements = await deps.store.deleteAvatar(ownerId, avatarId);
  if (announcements === null) return refuse('NOT_FOUND', 'There is no such avatar.');
  publishSoon(deps, announcements);
  return { done: { deletedAvatarId: avatarId } };
}

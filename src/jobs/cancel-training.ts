import { lookAfter } from './look-after.ts';
import { record } from './record.ts';
import { refuse, type Answer } from '../domain/refusal.ts';
import type { Workshop } from './ports.ts';

/**
 * Asks for the end of an avatar's open training. The wish is stored before fal is told, so it is carried out even if
 * fal cannot be reached now. What the avatar then shows is what fal did: CANCELLED once the run is stopped, or
 * COMPLETED when it was too late and the artefact is there. A run without a known request id ends here and now, and
 * fal is told as soon as the id turns up.
 */
export async function cancelTraining(
  workshop: Workshop,
  ownerId: string,
  avatarId: string,
): Promise<Answer<{ readonly avatarId: string }>> {
  const { store } = workshop;
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return refuse('NOT_FOUND', 'There is no such avatar.');
  const job = await store.requestCancel(ownerId, avatarId);
  if (job === null) {
    if (avatar.status === 'CANCELLED') return { done: { avatarId } };
    return refuse('CONFLICT', `There is no training to cancel: the avatar's status is ${avatar.status}.`);
  }
  if (job.run === null) await record(workshop, job.id, { kind: 'cancelled', requestId: null }, 'CANCEL');
  else await lookAfter(workshop, job);
  return { done: { avatarId } };
}

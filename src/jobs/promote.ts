import { NO_SUCH_TRAINING, refuse, type Result } from '../domain/refusal.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import { trainingStatusOf, type JobState } from '../domain/job-state.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Artifact } from '../catalog/artifact.ts';
import type { TrainedArtifact } from '../domain/decide-training.ts';

type FoundTraining = {
  readonly avatarId: string;
  readonly trainer: string;
  readonly state: JobState;
  /** Null where it made none, or where it is not known. */
  readonly artifact: Artifact | null;
};

export type PromoteDeps = PublishDeps & {
  readonly catalog: Catalog;
  readonly store: {
    /** Null when there is no such training, or its avatar is deleted. */
    findTraining(ownerId: string, trainingId: string): Promise<FoundTraining | null>;
    /** Replaces the avatar's artifact unless it is this one; null when the avatar is deleted. */
    setArtifact(
      ownerId: string,
      avatarId: string,
      artifact: TrainedArtifact,
    ): Promise<readonly OutboxEntry[] | null>;
  };
};

/**
 * Makes the artifact of a training the one that its avatar generates with. Generations under way keep the artifact that
 * they were sent with, and a training under way replaces it when it completes.
 */
export async function promote(
  deps: PromoteDeps,
  ownerId: string,
  trainingId: string,
): Promise<Result<{ readonly avatarId: string }, 'NOT_FOUND' | 'NOT_READY'>> {
  const training = await deps.store.findTraining(ownerId, trainingId);
  if (training === null) return NO_SUCH_TRAINING;
  const { avatarId, trainer, state, artifact: value } = training;
  if (value === null) {
    return refuse('NOT_READY', `This training has no artifact: its status is ${trainingStatusOf(state)}.`);
  }
  if (deps.catalog.trainer(trainer) === null) {
    return refuse(
      'NOT_READY',
      `This server cannot generate with the artifact: it has no trainer ${trainer}.`,
    );
  }
  const outbox = await deps.store.setArtifact(ownerId, avatarId, { trainingId, trainer, value });
  if (outbox === null) return NO_SUCH_TRAINING;
  publishSoon(deps, outbox);
  return { done: { avatarId } };
}

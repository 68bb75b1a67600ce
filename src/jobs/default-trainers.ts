import type { Catalog } from '../catalog/catalog.ts';
import type { DefaultTrainers, Trainer, TrainingType } from '../catalog/trainers.ts';

export interface GoneEndpoints {
  /** Whether a response of fal within the last day said that the endpoint is retired. */
  isGone(endpoint: string): Promise<boolean>;
  remember(endpoint: string): Promise<void>;
}

export type DefaultTrainerDeps = {
  readonly catalog: Catalog;
  readonly goneEndpoints: GoneEndpoints;
  readonly settings: { readonly defaultTrainers: DefaultTrainers };
};

export type TrainersToTry = {
  readonly trainer: Trainer;
  /** Used if fal has retired the first one. */
  readonly alternative: Trainer | null;
  /** Why it is not the first choice; null if it is. */
  readonly note: string | null;
};

/** For a call that names no trainer. */
export async function defaultTrainer(
  { catalog, goneEndpoints, settings }: DefaultTrainerDeps,
  type: TrainingType,
): Promise<TrainersToTry> {
  const [first, second] = settings.defaultTrainers[type];
  const trainer = catalog.trainer(first);
  if (trainer === null) throw new Error(`the catalog has no default trainer for ${type}`);
  const alternative = second === undefined ? null : catalog.trainer(second);
  if (alternative === null || !(await goneEndpoints.isGone(trainer.endpoint)))
    return { trainer, alternative, note: null };
  return { trainer: alternative, alternative: null, note: goneNote(trainer, alternative) };
}

/** For people. */
export function goneNote(gone: Trainer, used: Trainer): string {
  return `fal has retired ${gone.endpoint}, so ${used.name} is used instead of ${gone.name}.`;
}

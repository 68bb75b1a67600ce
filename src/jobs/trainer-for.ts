import { problemWith } from './parse-input.ts';
import { refuse, type Result } from '../domain/refusal.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Trainer, TrainingType } from '../catalog/trainers.ts';

/** The trainer with this name, if it serves this type. */
export function trainerFor(
  catalog: Catalog,
  name: string,
  type: TrainingType,
): Result<Trainer, 'INVALID_INPUT'> {
  const trainer = catalog.trainer(name);
  if (trainer?.serves.includes(type) === true) return { done: trainer };
  const allowed = catalog.trainersFor(type).join(' or ');
  return refuse('INVALID_INPUT', problemWith('trainer', name, `${allowed} for a ${type} avatar`));
}

import type { AvatarChange, AvatarStatus, Progress } from '../../src/domain/decide-training.ts';
import type { Decision, Snapshot } from '../../src/domain/decide.ts';
import type { GeneratedImage } from '../../src/catalog/images.ts';
import type { GenerationChange, GenerationStatus } from '../../src/domain/decide-generation.ts';
import type { JobChange, JobView } from '../../src/domain/job-state.ts';
import type { Failure } from '../../src/domain/refusal.ts';
import type { Json } from '../../src/values/json.ts';

/** A job's row: what decisions read of it and what they write to it. */
type JobRow = JobView & Omit<JobChange, keyof JobView>;

/** An avatar as people see it. Its version counts changes and is no part of them. */
type AvatarRow = {
  readonly status: AvatarStatus;
  readonly progress: Progress;
  readonly error: Failure | null;
  readonly falRequestId: string | null;
  readonly trainingStartedAt: Date | null;
  readonly trainingCompletedAt: Date | null;
  readonly falResponseData: Json;
  readonly artifact: AvatarChange['artifact'] | null;
};

type GenerationRow = {
  readonly status: GenerationStatus;
  readonly error: Failure | null;
  readonly falRequestId: string | null;
  readonly images: readonly GeneratedImage[] | null;
  readonly seed: number | null;
  readonly falResponseData: Json;
  readonly completedAt: Date | null;
};

/** A job and what people see of it; null where that was deleted. */
export type World = {
  readonly job: JobRow;
  readonly avatar: AvatarRow | null;
  readonly generation: GenerationRow | null;
};

export const CREATED = new Date('2026-01-01T00:00:00Z');
export const NOW = new Date('2026-01-01T01:00:00Z');

export const DRAFT: AvatarRow = {
  status: 'DRAFT',
  progress: { percent: null, queuePosition: null, source: null },
  error: null,
  falRequestId: null,
  trainingStartedAt: null,
  trainingCompletedAt: null,
  falResponseData: null,
  artifact: null,
};

const NEW_GENERATION: GenerationRow = {
  status: 'QUEUED',
  error: null,
  falRequestId: null,
  images: null,
  seed: null,
  falResponseData: null,
  completedAt: null,
};

function newJob(kind: JobView['kind'], row: Partial<JobRow>): JobRow {
  return {
    id: 'job_1',
    kind,
    state: 'SUBMITTING',
    trainer: 'FLUX_LORA_PORTRAIT',
    trainerNote: null,
    falRequestId: null,
    statusUrl: null,
    cancelRequested: false,
    errorCode: null,
    createdAt: CREATED,
    ...row,
  };
}

export function training(job: Partial<JobRow> = {}, avatar: Partial<AvatarRow> | null = {}): World {
  return {
    job: newJob('TRAINING', job),
    avatar: avatar && { ...DRAFT, ...avatar },
    generation: null,
  };
}

export function generating(job: Partial<JobRow> = {}, row: Partial<GenerationRow> | null = {}): World {
  return {
    job: newJob('GENERATION', job),
    avatar: null,
    generation: row && { ...NEW_GENERATION, ...row },
  };
}

/** What decide() is given to read. */
export function snapshotOf({ job, avatar, generation }: World): Snapshot {
  if (job.kind === 'TRAINING') return { job: { ...job, kind: job.kind }, avatar };
  return {
    job: { ...job, kind: job.kind },
    generation: generation && { ...generation, hasError: generation.error !== null },
  };
}

/** Writes a decision the way the database does: fields that are absent stay as they are. */
export function after(world: World, decision: Decision): World {
  if (decision.kind === 'ignore') return world;
  const { avatar, generation } = decision;
  return {
    job: { ...world.job, ...decision.job },
    avatar: world.avatar && avatar ? { ...world.avatar, ...avatar } : world.avatar,
    generation: generationAfter(world.generation, generation),
  };
}

function generationAfter(
  row: GenerationRow | null,
  change: GenerationChange | 'DELETE' | null,
): GenerationRow | null {
  if (row === null || change === null) return row;
  if (change === 'DELETE') return null;
  return { ...row, ...change, seed: change.seed ?? row.seed };
}

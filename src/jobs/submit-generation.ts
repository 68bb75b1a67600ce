import { DELETED_SINCE, type ProviderCode, type Result } from '../domain/refusal.ts';
import { dryRun, type DryRun, type DryRunWarning, type PlannedJob, type RehearsalStore } from './dry-run.ts';
import { estimateGeneration, type Estimate } from '../catalog/prices.ts';
import { submitJob, type CreatedJob, type CreationCode, type NewJob, type SubmitDeps } from './submit.ts';

export type NewGeneration = {
  readonly id: string;
  readonly prompt: string;
  readonly numImages: number;
  readonly seed: number;
  readonly strength: number | null;
};

export type SubmitGenerationDeps = SubmitDeps & {
  readonly store: Pick<RehearsalStore, 'rehearseGeneration'> & {
    createGeneration(job: NewJob, generation: NewGeneration): Promise<Result<CreatedJob, CreationCode>>;
  };
  /** Resolves when the generation has ended, or after `timeoutMs`. */
  readonly waitForGeneration: (ownerId: string, generationId: string, timeoutMs: number) => Promise<void>;
};

export type PlannedGeneration = {
  readonly fields: PlannedJob;
  readonly generation: NewGeneration;
  /** Null: unknown. */
  readonly cost: Estimate | null;
};

export function planned(
  job: Omit<PlannedJob, 'estimatedMicroUsd'>,
  generation: NewGeneration,
): PlannedGeneration {
  const cost = estimateGeneration(job.endpoint, job.input, generation.numImages);
  return { fields: { ...job, estimatedMicroUsd: cost?.microUsd ?? null }, generation, cost };
}

type Submitted = Result<{ readonly generationId: string }, CreationCode | ProviderCode>;

export async function submitGeneration(
  deps: SubmitGenerationDeps,
  { fields, generation }: PlannedGeneration,
  waitSeconds: number,
): Promise<Submitted> {
  const submitted = await submitJob(deps, fields, (job) => deps.store.createGeneration(job, generation));
  if ('refused' in submitted) return submitted;
  const { generationId } = submitted.done;
  if (generationId === null) return DELETED_SINCE;
  if (waitSeconds > 0) await deps.waitForGeneration(fields.ownerId, generationId, waitSeconds * 1000);
  return { done: { generationId } };
}

/** @param warnings of a dry run */
export async function submitOrDryRun(
  deps: SubmitGenerationDeps,
  generation: PlannedGeneration,
  call: { readonly dryRun: boolean; readonly waitSeconds: number },
  warnings: readonly (DryRunWarning | null)[],
): Promise<Submitted | Result<{ readonly dryRun: DryRun }, CreationCode>> {
  if (!call.dryRun) return submitGeneration(deps, generation, call.waitSeconds);
  const { fields, cost } = generation;
  const rehearsal = deps.store.rehearseGeneration(fields, generation.generation.numImages);
  return dryRun(fields, cost, warnings, rehearsal);
}

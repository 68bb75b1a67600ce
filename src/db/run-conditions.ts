import { PROVIDER_CODES } from '../domain/refusal.ts';
import { UNCOUNTED_CODES } from '../domain/quota.ts';

/** SQL: this job is a training that fal did not refuse. The condition of the index ix_jobs_trainings. */
export function isTraining(job: string): string {
  return `${job}.kind = 'TRAINING' AND ${hasNoneOf(PROVIDER_CODES, job)}`;
}

/** SQL: the run of a row of `jobs` counts for quotas and usage. */
export const COUNTS = hasNoneOf(UNCOUNTED_CODES, 'jobs');

function hasNoneOf(codes: readonly string[], job: string): string {
  return `coalesce(${job}.error_code, '') NOT IN (${codes.map((code) => `'${code}'`).join(', ')})`;
}

import { setTimeout as pause } from 'node:timers/promises';
import { PROVIDER_TIMEOUT_MS } from './timing.ts';
import {
  DELETED_SINCE,
  isProviderCode,
  PAUSE_REASONS,
  type ProviderCode,
  type Refusal,
} from '../domain/refusal.ts';
import type { JobState } from '../domain/job-state.ts';

export interface ReplayStore {
  findSubmitOutcome(jobId: string): Promise<{
    readonly state: JobState;
    readonly errorCode: string | null;
    readonly errorMessage: string | null;
    readonly pauseReason: string | null;
    readonly retryAt: Date | null;
  } | null>;
}

const FIRST_PAUSE_MS = 50;
/** Any number of repeats may wait while fal is slow. */
const LONGEST_PAUSE_MS = 1000;
const LEEWAY_MS = 5000;

/**
 * Waits for the submit of the call whose idempotency key is repeated. Both calls may run at the same time on different
 * instances, so the job's row is what they share. Resolves with the refusal, or with null when the run was submitted.
 */
export async function refusalOfFirst(
  store: ReplayStore,
  jobId: string,
): Promise<Refusal<'NOT_FOUND' | ProviderCode> | null> {
  // A submit may be followed by one to the alternative trainer.
  const giveUpAt = performance.now() + 2 * PROVIDER_TIMEOUT_MS + LEEWAY_MS;
  for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_PAUSE_MS)) {
    const job = await store.findSubmitOutcome(jobId);
    if (job === null) return DELETED_SINCE.refused;
    const { state, errorCode: code, errorMessage, retryAt } = job;
    if (state === 'FAILED' && isProviderCode(code)) {
      const reason = PAUSE_REASONS.find((known) => known === job.pauseReason) ?? null;
      const submitPause = reason === null && retryAt === null ? {} : { pause: { reason, retryAt } };
      return { code, message: errorMessage ?? '', ...submitPause };
    }
    if (state !== 'SUBMITTING' || performance.now() > giveUpAt) return null;
    await pause(waitMs);
  }
}

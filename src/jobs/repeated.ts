import { setTimeout as pause } from 'node:timers/promises';
import { PROVIDER_TIMEOUT_MS } from './timing.ts';
import { refuse, type Answer } from '../domain/refusal.ts';
import type { JobStanding, JobStore } from './ports.ts';

/**
 * The answer to a call whose idempotency key already made a job: the same answer as the first call's, once that one
 * has it. The two may be under way at the same time, on different instances, so the job's row is what they share.
 */
export async function answerRepeated<T>(
  store: JobStore,
  jobId: string,
  done: (standing: JobStanding) => T | null,
): Promise<Answer<T>> {
  const giveUpAt = Date.now() + PROVIDER_TIMEOUT_MS + LEEWAY_MS;
  for (;;) {
    const standing = await store.standing(jobId);
    if (standing === null) return refuse('NOT_FOUND', 'What this idempotencyKey made has been deleted.');
    const code = standing.error?.code;
    if (standing.state === 'FAILED' && (code === 'PROVIDER_REJECTED' || code === 'PROVIDER_UNAVAILABLE')) {
      return refuse(code, standing.error?.message ?? '');
    }
    if (standing.state !== 'SUBMITTING' || Date.now() > giveUpAt) {
      const answer = done(standing);
      return answer === null
        ? refuse('NOT_FOUND', 'What this idempotencyKey made has been deleted.')
        : { done: answer };
    }
    await pause(LOOK_AGAIN_MS);
  }
}

const LOOK_AGAIN_MS = 50;
const LEEWAY_MS = 5000;

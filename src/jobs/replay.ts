import { setTimeout as pause } from 'node:timers/promises';
import { PROVIDER_TIMEOUT_MS } from './timing.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import type { Creation, JobStanding, JobStore } from './ports.ts';

/** What a call whose job was not written can be refused with. */
export type CreationCode =
  'NOT_FOUND' | 'LIMIT_EXCEEDED' | 'IDEMPOTENCY_CONFLICT' | 'PROVIDER_REJECTED' | 'PROVIDER_UNAVAILABLE';

/**
 * The answer to a call whose job was not written.
 *
 * @param done what a call that is repeated made, as the answer gives it; null when that is gone
 */
export function replay<T>(
  store: JobStore,
  creation: Exclude<Creation, { kind: 'created' }>,
  done: (standing: JobStanding) => T | null,
): Result<T, CreationCode> | Promise<Result<T, CreationCode>> {
  switch (creation.kind) {
    case 'gone':
      return refuse('NOT_FOUND', 'There is no such avatar.');
    case 'limit':
      return refuse('LIMIT_EXCEEDED', creation.message);
    case 'key-used-otherwise':
      return refuse('IDEMPOTENCY_CONFLICT', 'This idempotencyKey was used with another input.');
    case 'repeated':
      return answerRepeated(store, creation.jobId, done);
  }
}

/**
 * The answer to a call whose idempotency key already made a job: the same answer as the first call's, once that one
 * has it. The two may be under way at the same time, on different instances, so the job's row is what they share.
 */
async function answerRepeated<T>(
  store: JobStore,
  jobId: string,
  done: (standing: JobStanding) => T | null,
): Promise<Result<T, CreationCode>> {
  const giveUpAt = performance.now() + PROVIDER_TIMEOUT_MS + LEEWAY_MS;
  for (let waitMs = LOOK_AGAIN_MS; ; waitMs = Math.min(2 * waitMs, LOOK_SELDOM_MS)) {
    const standing = await store.standing(jobId);
    if (standing === null) return refuse('NOT_FOUND', 'What this idempotencyKey made has been deleted.');
    const code = standing.error?.code;
    if (standing.state === 'FAILED' && (code === 'PROVIDER_REJECTED' || code === 'PROVIDER_UNAVAILABLE')) {
      return refuse(code, standing.error?.message ?? '');
    }
    if (standing.state !== 'SUBMITTING' || performance.now() > giveUpAt) {
      const answer = done(standing);
      return answer === null
        ? refuse('NOT_FOUND', 'What this idempotencyKey made has been deleted.')
        : { done: answer };
    }
    await pause(waitMs);
  }
}

const LOOK_AGAIN_MS = 50;
/** While fal is slow, any number of repeats may wait. */
const LOOK_SELDOM_MS = 1000;
const LEEWAY_MS = 5000;

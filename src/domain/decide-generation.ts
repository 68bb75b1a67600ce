import { readImages, type GeneratedImage } from '../catalog/images.ts';
import type { Failure } from './user-error.ts';
import type { JobFailure, JobView } from './job-state.ts';
import type { Json } from '../values/json.ts';
import { requestIdOf, type RunEvent } from './run-event.ts';

export type GenerationStatus = 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export type GenerationView = {
  readonly status: GenerationStatus;
  readonly falRequestId: string | null;
  readonly hasError: boolean;
};

/** Fields that are absent stay as they are. Applying a change grows the generation's version by one. */
export type GenerationChange = {
  readonly status: GenerationStatus;
  readonly falRequestId?: string;
  readonly error: Failure | null;
  readonly images?: readonly GeneratedImage[];
  /** The seed fal says it used; null keeps the caller's. */
  readonly seed?: number | null;
  readonly falResponseData?: Json;
  readonly completedAt?: Date;
};

/** What an event that moves a generation's job does to the generation. One refused in time leaves no trace. */
export function decideGeneration(
  job: JobView,
  generation: GenerationView | null,
  event: RunEvent,
  now: Date,
): { readonly change: GenerationChange | 'DELETE' | null; readonly failure: JobFailure } {
  if (event.kind === 'refused' && job.state === 'SUBMITTING') {
    return {
      change: generation === null ? null : 'DELETE',
      failure: { errorCode: event.failure.code, errorMessage: event.failure.message },
    };
  }
  // Only the first word of a run makes it QUEUED: a submit's late answer does not take a state back.
  if (event.kind === 'accepted' && job.falRequestId !== null) return { change: null, failure: {} };
  const outcome = outcomeOf(event, now);
  const failure: JobFailure = outcome.error
    ? {
        errorCode: outcome.error.code,
        errorMessage: outcome.error.message,
        ...(outcome.status === 'FAILED' ? { state: 'FAILED' } : {}),
      }
    : {};
  if (generation === null) return { change: null, failure };
  const requestId = requestIdOf(event);
  const isNewId = requestId !== null && generation.falRequestId === null;
  const isSame = generation.status === outcome.status && generation.hasError === (outcome.error !== null);
  if (isSame && !isNewId) return { change: null, failure };
  return { change: { ...outcome, ...(isNewId ? { falRequestId: requestId } : {}) }, failure };
}

function outcomeOf(event: RunEvent, now: Date): GenerationChange {
  switch (event.kind) {
    case 'refused':
      // Seen only where the generation already says that the outcome is unknown; one refused in time is gone.
      return { status: 'FAILED', error: event.failure, completedAt: now };
    case 'accepted':
    case 'bound':
    case 'queued':
      return { status: 'QUEUED', error: null };
    case 'unknown':
      return { status: 'QUEUED', error: { code: 'SUBMIT_OUTCOME_UNKNOWN', message: event.message } };
    case 'running':
      return { status: 'RUNNING', error: null };
    case 'succeeded':
    case 'confirmed': {
      const reading = readImages(event.output);
      const answer = { falResponseData: event.output, completedAt: now };
      if ('missing' in reading) {
        const message = `The run ended without images: ${reading.missing}.`;
        return { ...answer, status: 'FAILED', error: { code: 'RESULT_INVALID', message } };
      }
      return { ...answer, status: 'COMPLETED', error: null, images: reading.images, seed: reading.seed };
    }
    case 'failed':
      return {
        status: 'FAILED',
        error: { code: 'PROVIDER_FAILED', message: event.message },
        falResponseData: event.output,
        completedAt: now,
      };
    case 'lost':
      return { status: 'FAILED', error: { code: 'LOST', message: event.message }, completedAt: now };
    case 'withdrawn':
    case 'cancelled':
      return { status: 'CANCELLED', error: null, completedAt: now };
  }
}

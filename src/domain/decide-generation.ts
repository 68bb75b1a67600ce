import { readImages, type GeneratedImage } from '../catalog/images.ts';
import type { Failure } from './refusal.ts';
import { jobFailure, unknownOutcome, type JobFailure, type JobView } from './job-state.ts';
import type { Json } from '../values/json.ts';
import { requestIdOf, type RunEvent } from './run-event.ts';

export type GenerationStatus = 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export type GenerationView = {
  readonly status: GenerationStatus;
  readonly falRequestId: string | null;
  readonly hasError: boolean;
};

/** Absent fields keep their values. */
export type GenerationChange = {
  readonly status: GenerationStatus;
  readonly falRequestId?: string;
  readonly error: Failure | null;
  readonly images?: readonly GeneratedImage[];
  /** Reported by fal; null keeps the caller's. */
  readonly seed?: number | null;
  readonly falResponseData?: Json;
  readonly completedAt?: Date;
};

/** Decides the generation's change for an event that changes its job. A generation refused by fal is deleted. */
export function decideGeneration(
  job: JobView,
  generation: GenerationView | null,
  event: RunEvent,
  now: Date,
): { readonly change: GenerationChange | 'DELETE' | null; readonly failure: JobFailure } {
  // A late response to the submit must not reset the status.
  if (event.kind === 'accepted' && job.falRequestId !== null) return { change: null, failure: {} };
  const outcome = outcomeOf(event, now);
  const failure = jobFailure(outcome);
  if (generation === null) return { change: null, failure };
  if (event.kind === 'refused' && job.state === 'SUBMITTING') return { change: 'DELETE', failure };
  const requestId = requestIdOf(event);
  const isNewId = requestId !== null && generation.falRequestId === null;
  const isSame = generation.status === outcome.status && generation.hasError === (outcome.error !== null);
  if (isSame && !isNewId) return { change: null, failure };
  return { change: { ...outcome, ...(isNewId ? { falRequestId: requestId } : {}) }, failure };
}

function outcomeOf(event: RunEvent, now: Date): GenerationChange {
  switch (event.kind) {
    case 'refused':
      // Reached only after SUBMIT_OUTCOME_UNKNOWN: a refusal before that deletes the generation.
      return { status: 'FAILED', error: event.failure, completedAt: now };
    case 'accepted':
    case 'identified':
    case 'queued':
      return { status: 'QUEUED', error: null };
    case 'unknown':
      return { status: 'QUEUED', error: unknownOutcome(event.message, now) };
    case 'running':
      return { status: 'RUNNING', error: null };
    case 'succeeded':
    case 'confirmed': {
      const reading = readImages(event.output);
      const response = { falResponseData: event.output, completedAt: now };
      if ('missing' in reading) {
        const message = `The run succeeded without usable images: ${reading.missing}.`;
        return { ...response, status: 'FAILED', error: { code: 'RESULT_INVALID', message } };
      }
      return { ...response, status: 'COMPLETED', error: null, images: reading.images, seed: reading.seed };
    }
    case 'failed':
      return {
        status: 'FAILED',
        error: { code: 'PROVIDER_FAILED', message: event.message },
        falResponseData: event.output,
        completedAt: now,
      };
    case 'abandoned':
      return { status: 'FAILED', error: { code: 'LOST', message: event.message }, completedAt: now };
    case 'notStarted':
      return { status: 'FAILED', error: { code: 'NOT_STARTED', message: event.message }, completedAt: now };
    case 'cancelledBeforeSubmit':
    case 'cancelled':
      return { status: 'CANCELLED', error: null, completedAt: now };
  }
}

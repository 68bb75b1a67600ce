import { requestIdOf, type RunEvent, type RunUrls } from './run-event.ts';
import { HOUR_MS } from '../values/units.ts';
import type { ErrorCode, Failure, PauseReason, Refusal } from './refusal.ts';
import type { TrainerName } from '../catalog/trainers.ts';

export const OPEN_STATES = ['SUBMITTING', 'SUBMIT_UNKNOWN', 'QUEUED', 'RUNNING'] as const;
export const FINAL_STATES = ['COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type FinalState = (typeof FINAL_STATES)[number];
export type JobState = (typeof OPEN_STATES)[number] | FinalState;

export function isFinal(state: JobState): state is FinalState {
  return (FINAL_STATES as readonly JobState[]).includes(state);
}

export type TrainingStatus = 'QUEUED' | 'TRAINING' | FinalState;

/** The state of a training's job in the words of the API. */
export function trainingStatusOf(state: JobState): TrainingStatus {
  if (isFinal(state)) return state;
  return state === 'RUNNING' ? 'TRAINING' : 'QUEUED';
}

export type JobView = {
  readonly id: string;
  readonly kind: 'TRAINING' | 'GENERATION';
  readonly state: JobState;
  readonly trainer: TrainerName;
  readonly trainerNote: string | null;
  readonly falRequestId: string | null;
  readonly statusUrl: string | null;
  readonly cancelRequested: boolean;
  readonly errorCode: string | null;
  readonly createdAt: Date;
};

export type JobChange = Partial<RunUrls> & {
  readonly state?: JobState;
  readonly falRequestId?: string;
  readonly submittedAt?: Date;
  readonly settledAt?: Date;
  readonly errorCode?: ErrorCode | null;
  readonly errorMessage?: string | null;
  readonly billableUnits?: string;
  readonly pauseReason?: PauseReason | null;
  readonly retryAt?: Date | null;
  /** No run was started, so the caller may use the idempotency key again. */
  readonly releaseIdempotencyKey?: boolean;
};

/** Why an event changed nothing. All are normal: messages repeat, overtake each other and arrive late. */
export type IgnoreReason =
  /** The first final state counts. */
  | 'already-final'
  /** Its request id is not the job's. */
  | 'other-run'
  | 'nothing-new';

type Transition =
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason }
  | { readonly kind: 'change'; readonly change: JobChange };

/** The job's state machine. The avatar and the generation follow in decide-training and decide-generation. */
export function transition(job: JobView, event: RunEvent, now: Date): Transition {
  if (isFinal(job.state)) return afterTheEnd(job, event, now);
  const requestId = requestIdOf(event);
  if (requestId !== null && job.falRequestId !== null && requestId !== job.falRequestId) {
    return { kind: 'ignore', reason: 'other-run' };
  }
  // Any event may be the first that names the run.
  const identity: JobChange =
    requestId !== null && job.falRequestId === null ? { falRequestId: requestId, submittedAt: now } : {};
  const isUnidentified = job.state === 'SUBMITTING' || job.state === 'SUBMIT_UNKNOWN';

  switch (event.kind) {
    case 'accepted':
      if (isUnidentified) return change({ ...identity, ...event.urls, ...NO_ERROR, state: 'QUEUED' });
      // A webhook identified the run first: only the addresses are new.
      return job.statusUrl === null && event.urls.statusUrl !== null ? change(event.urls) : NOTHING_NEW;
    case 'identified':
      return isUnidentified ? change({ ...identity, ...NO_ERROR, state: 'QUEUED' }) : NOTHING_NEW;
    case 'refused':
      // The response may be so late that the outcome counts as unknown already.
      if (!isUnidentified) return NOTHING_NEW;
      return change({
        state: 'FAILED',
        settledAt: now,
        releaseIdempotencyKey: true,
        ...pauseOf(event.failure),
      });
    case 'unknown':
      return job.state === 'SUBMITTING' ? change({ state: 'SUBMIT_UNKNOWN' }) : NOTHING_NEW;
    case 'notStarted':
      if (job.state !== 'SUBMIT_UNKNOWN') return NOTHING_NEW;
      return change({ state: 'FAILED', settledAt: now, releaseIdempotencyKey: true });
    case 'queued':
      return isUnidentified ? NOTHING_NEW : change({ state: 'QUEUED' });
    case 'running':
      return isUnidentified ? NOTHING_NEW : change({ state: 'RUNNING' });
    case 'succeeded':
      // A result without an artifact or images makes it FAILED: JobFailure overrides the state.
      return change({ ...identity, ...NO_ERROR, ...billed(event), state: 'COMPLETED', settledAt: now });
    case 'failed':
    case 'abandoned':
      return change({ ...identity, ...billed(event), state: 'FAILED', settledAt: now });
    case 'cancelled':
      return change({ ...identity, ...NO_ERROR, state: 'CANCELLED', settledAt: now });
    case 'cancelledBeforeSubmit':
      // A run that was identified in between ends as fal ends it.
      return isUnidentified ? change({ ...NO_ERROR, state: 'CANCELLED', settledAt: now }) : NOTHING_NEW;
    case 'confirmed':
      return NOTHING_NEW;
  }
}

/** Two facts may still follow the end: the request id, and that fal completed a run stored as failed. */
function afterTheEnd(job: JobView, event: RunEvent, now: Date): Transition {
  const isUnidentified = job.falRequestId === null;
  // Cancelled or deleted during the submit: with the id the run can be cancelled at fal.
  if (event.kind === 'accepted' && job.state === 'CANCELLED' && isUnidentified) {
    return change({ falRequestId: event.requestId, submittedAt: now, ...event.urls });
  }
  // The submit was given up before its run was known: with the id the run can be polled.
  const requestId = event.kind === 'succeeded' || event.kind === 'identified' ? event.requestId : null;
  if (requestId !== null && isUnidentified && job.state === 'FAILED' && isGivenUp(job)) {
    return change({ falRequestId: requestId, submittedAt: now });
  }
  if (event.kind === 'confirmed' && job.state === 'FAILED' && job.falRequestId === event.requestId) {
    return change({ ...NO_ERROR, ...billed(event), state: 'COMPLETED', settledAt: now });
  }
  return { kind: 'ignore', reason: 'already-final' };
}

function billed(event: RunEvent): Pick<JobChange, 'billableUnits'> {
  const units = 'billableUnits' in event ? event.billableUnits : undefined;
  return units === undefined ? {} : { billableUnits: units };
}

/** By the deadline or the operator, without a word of fal. */
function isGivenUp({ errorCode }: JobView): boolean {
  return errorCode === 'LOST' || errorCode === 'NOT_STARTED';
}

/** How long a submit with unknown outcome waits for its webhook before it is abandoned. */
export const UNKNOWN_OUTCOME_DEADLINE_MS = 6 * HOUR_MS;

/** An unknown outcome, as its avatar or generation shows it. */
export function unknownOutcome(message: string, now: Date): Failure {
  const waitsUntil = new Date(now.getTime() + UNKNOWN_OUTCOME_DEADLINE_MS);
  return { code: 'SUBMIT_OUTCOME_UNKNOWN', message, waitsUntil };
}

/** The error that the outcome adds to the job, with FAILED where a success has no usable result. */
export type JobFailure = Pick<JobChange, 'state' | 'errorCode' | 'errorMessage'>;

export function jobFailure(
  outcome: { readonly status: string; readonly error: Failure | null } | null,
): JobFailure {
  if (!outcome?.error) return {};
  const { code, message } = outcome.error;
  return {
    errorCode: code,
    errorMessage: message,
    ...(outcome.status === 'FAILED' ? { state: 'FAILED' } : {}),
  };
}

/** For a repeat of the call. */
function pauseOf({ pause }: Refusal): Pick<JobChange, 'pauseReason' | 'retryAt'> {
  return pause === undefined ? {} : { pauseReason: pause.reason, retryAt: pause.retryAt };
}

const NO_ERROR = { errorCode: null, errorMessage: null } as const;
const NOTHING_NEW: Transition = { kind: 'ignore', reason: 'nothing-new' };

function change(value: JobChange): Transition {
  return { kind: 'change', change: value };
}

import { requestIdOf, type RunEvent, type RunUrls } from './run-event.ts';
import type { ErrorCode } from './user-error.ts';
import type { Trainer } from '../catalog/trainers.ts';

export const OPEN_STATES = ['SUBMITTING', 'SUBMIT_UNKNOWN', 'QUEUED', 'RUNNING'] as const;
export const FINAL_STATES = ['COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type FinalState = (typeof FINAL_STATES)[number];
export type JobState = (typeof OPEN_STATES)[number] | FinalState;

export function isFinal(state: JobState): state is FinalState {
  return (FINAL_STATES as readonly JobState[]).includes(state);
}

export type JobView = {
  readonly id: string;
  readonly kind: 'TRAINING' | 'GENERATION';
  readonly state: JobState;
  readonly trainer: Trainer;
  readonly falRequestId: string | null;
  readonly statusUrl: string | null;
  readonly cancelRequested: boolean;
  readonly errorCode: string | null;
  readonly createdAt: Date;
};

export type JobChange = {
  readonly state?: JobState;
  readonly falRequestId?: string;
  readonly statusUrl?: string | null;
  readonly responseUrl?: string | null;
  readonly cancelUrl?: string | null;
  readonly submittedAt?: Date;
  readonly settledAt?: Date;
  readonly errorCode?: ErrorCode | null;
  readonly errorMessage?: string | null;
  /** The caller may use the key again: nothing was started under it. */
  readonly releaseIdempotencyKey?: boolean;
};

/** Why an event was not applied. Every one of these is normal: messages repeat, overtake each other and come late. */
export type IgnoreReason =
  /** The first final state wins. */
  | 'already-final'
  /** It speaks of another run than the one this job is bound to. */
  | 'other-run'
  /** Nothing in it is new. */
  | 'nothing-new';

export type Transition =
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason }
  | { readonly kind: 'change'; readonly change: JobChange };

/** The job's own state machine; what people see follows in decide-training and decide-generation. */
export function transition(job: JobView, event: RunEvent, now: Date): Transition {
  if (isFinal(job.state)) return afterTheEnd(job, event, now);
  const requestId = requestIdOf(event);
  if (requestId !== null && job.falRequestId !== null && requestId !== job.falRequestId) {
    return { kind: 'ignore', reason: 'other-run' };
  }
  // The run is known to fal from here on, whoever brought the news first.
  const bind: JobChange =
    requestId !== null && job.falRequestId === null ? { falRequestId: requestId, submittedAt: now } : {};
  const isUnbound = job.state === 'SUBMITTING' || job.state === 'SUBMIT_UNKNOWN';

  switch (event.kind) {
    case 'accepted':
      // A webhook may have bound the job already; then only the addresses are new.
      if (isUnbound) return change({ ...bind, ...event.urls, ...NO_ERROR, state: 'QUEUED' });
      return job.statusUrl === null && hasUrl(event.urls) ? change(event.urls) : ignoreOld();
    case 'bound':
      return isUnbound ? change({ ...bind, ...NO_ERROR, state: 'QUEUED' }) : ignoreOld();
    case 'refused':
      // Also where the answer came so late that the outcome already counted as unknown.
      if (!isUnbound) return ignoreOld();
      return change({ state: 'FAILED', settledAt: now, releaseIdempotencyKey: true });
    case 'unknown':
      return job.state === 'SUBMITTING' ? change({ state: 'SUBMIT_UNKNOWN' }) : ignoreOld();
    case 'queued':
      return isUnbound ? ignoreOld() : change({ state: 'QUEUED' });
    case 'running':
      return isUnbound ? ignoreOld() : change({ state: 'RUNNING' });
    case 'succeeded':
      // FAILED when the answer lacks what was promised: the outcome brings that with its error.
      return change({ ...bind, ...NO_ERROR, state: 'COMPLETED', settledAt: now });
    case 'failed':
    case 'lost':
      return change({ ...bind, state: 'FAILED', settledAt: now });
    case 'cancelled':
      return change({ ...bind, ...NO_ERROR, state: 'CANCELLED', settledAt: now });
    case 'withdrawn':
      // A run that became known meanwhile ends as fal ends it.
      return isUnbound ? change({ ...NO_ERROR, state: 'CANCELLED', settledAt: now }) : ignoreOld();
    case 'confirmed':
      // Of a run that has not failed it is said as a success.
      return ignoreOld();
  }
}

/** The first end counts. Two things may still be learned: which run it was, and that fal's word of its failure was wrong. */
function afterTheEnd(job: JobView, event: RunEvent, now: Date): Transition {
  const isUnbound = job.falRequestId === null;
  // Cancelled or deleted while its submit was on the way: the id is kept so that fal can be told to stop the run.
  if (event.kind === 'accepted' && job.state === 'CANCELLED' && isUnbound) {
    return change({ falRequestId: event.requestId, submittedAt: now, ...event.urls });
  }
  // Given up without ever having heard of its run, which now turns up: with its id fal can be asked.
  const requestId = event.kind === 'succeeded' || event.kind === 'bound' ? event.requestId : null;
  if (requestId !== null && isUnbound && job.state === 'FAILED' && job.errorCode === 'LOST') {
    return change({ falRequestId: requestId, submittedAt: now });
  }
  if (event.kind === 'confirmed' && job.state === 'FAILED' && job.falRequestId === event.requestId) {
    return change({ ...NO_ERROR, state: 'COMPLETED', settledAt: now });
  }
  return { kind: 'ignore', reason: 'already-final' };
}

/** What an outcome adds to the job: its error, and FAILED where a success was none. */
export type JobFailure = Pick<JobChange, 'state' | 'errorCode' | 'errorMessage'>;

const NO_ERROR = { errorCode: null, errorMessage: null } as const;

function hasUrl(urls: RunUrls): boolean {
  return urls.statusUrl !== null;
}

function change(value: JobChange): Transition {
  return { kind: 'change', change: value };
}

function ignoreOld(): Transition {
  return { kind: 'ignore', reason: 'nothing-new' };
}

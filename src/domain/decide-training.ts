import { isFinal, type JobFailure, type JobState, type JobView } from './job-state.ts';
import { trainerRow, type Trainer } from '../catalog/trainers.ts';
import type { Artifact } from '../catalog/artefact.ts';
import type { Failure } from './user-error.ts';
import type { Json } from '../values/json.ts';
import { requestIdOf, type RunEvent } from './run-event.ts';

export type AvatarStatus = 'DRAFT' | 'QUEUED' | 'TRAINING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export type Progress = {
  /** 0 to 100; null when fal has not said. */
  readonly percent: number | null;
  /** How many runs are ahead; null when not waiting. */
  readonly queuePosition: number | null;
  readonly source: 'QUEUE' | 'LOGS' | 'RESULT' | null;
};

export type AvatarView = {
  readonly status: AvatarStatus;
  /** Of the training it shows. */
  readonly falRequestId: string | null;
  readonly progress: Progress;
};

/** Fields that are absent stay as they are. Applying a change grows the avatar's version by one. */
export type AvatarChange = {
  readonly status: AvatarStatus;
  readonly falRequestId?: string | null;
  readonly progress: Progress;
  readonly error: Failure | null;
  readonly trainingStartedAt?: Date;
  readonly trainingCompletedAt?: Date | null;
  readonly falResponseData?: Json;
  /** Replaces the artefact whole: one that generates is never overwritten by half of another. */
  readonly artifact?: { readonly trainer: Trainer; readonly value: Artifact };
};

const NO_PROGRESS: Progress = { percent: null, queuePosition: null, source: null };

/** What an event that moves a training's job does to its avatar. */
export function decideTraining(
  job: JobView,
  avatar: AvatarView | null,
  event: RunEvent,
  now: Date,
): { readonly change: AvatarChange | null; readonly failure: JobFailure } {
  const outcome = outcomeOf(job, event, now);
  if (event.kind === 'refused' && job.state === 'SUBMITTING') {
    return {
      change: null,
      failure: { errorCode: event.failure.code, errorMessage: event.failure.message },
    };
  }
  const failure = outcome?.error
    ? { errorCode: outcome.error.code, errorMessage: outcome.error.message, ...failedState(outcome.status) }
    : {};
  if (avatar === null || outcome === null || isSame(avatar, outcome, job.state))
    return { change: null, failure };
  return { change: { ...firstSight(job, event), ...outcome }, failure };
}

function outcomeOf(job: JobView, event: RunEvent, now: Date): AvatarChange | null {
  switch (event.kind) {
    case 'refused':
      // Seen only where the avatar already says that the outcome is unknown: a refusal in time leaves it as it was.
      return { status: 'FAILED', progress: NO_PROGRESS, error: event.failure };
    case 'accepted':
      // Only the first word of a run makes it QUEUED: a submit's late answer does not take a state back.
      return job.falRequestId !== null
        ? null
        : { status: 'QUEUED', progress: queueProgress(event.position), error: null };
    case 'bound':
      return { status: 'QUEUED', progress: NO_PROGRESS, error: null };
    case 'unknown':
      return {
        status: 'QUEUED',
        progress: NO_PROGRESS,
        error: { code: 'SUBMIT_OUTCOME_UNKNOWN', message: event.message },
      };
    case 'queued':
      return { status: 'QUEUED', progress: queueProgress(event.position), error: null };
    case 'running':
      return {
        status: 'TRAINING',
        progress: {
          percent: event.percent,
          queuePosition: null,
          source: event.percent === null ? null : 'LOGS',
        },
        error: null,
      };
    case 'succeeded':
    case 'confirmed': {
      const reading = trainerRow(job.trainer).read(event.output);
      if ('missing' in reading) {
        return {
          status: 'FAILED',
          progress: NO_PROGRESS,
          falResponseData: event.output,
          error: {
            code: 'RESULT_INVALID',
            message: `The run ended, but ${trainerRow(job.trainer).endpoint} did not give what it promises: ${reading.missing}.`,
          },
        };
      }
      return {
        status: 'COMPLETED',
        progress: { percent: 100, queuePosition: null, source: 'RESULT' },
        error: null,
        artifact: { trainer: job.trainer, value: reading.artifact },
        falResponseData: event.output,
        trainingCompletedAt: now,
      };
    }
    case 'failed':
      return {
        status: 'FAILED',
        progress: NO_PROGRESS,
        falResponseData: event.output,
        error: { code: 'PROVIDER_FAILED', message: event.message },
      };
    case 'lost':
      return { status: 'FAILED', progress: NO_PROGRESS, error: { code: 'LOST', message: event.message } };
    case 'withdrawn':
    case 'cancelled':
      return { status: 'CANCELLED', progress: NO_PROGRESS, error: null };
  }
}

/** What the avatar learns with the first visible word of a new training. */
function firstSight(job: JobView, event: RunEvent): Partial<AvatarChange> {
  if (job.state === 'QUEUED' || job.state === 'RUNNING' || isFinal(job.state)) return {};
  const requestId = requestIdOf(event) ?? job.falRequestId;
  return { falRequestId: requestId, trainingStartedAt: job.createdAt, trainingCompletedAt: null };
}

function isBound(state: JobState): boolean {
  return state === 'QUEUED' || state === 'RUNNING';
}

function isSame(avatar: AvatarView, next: AvatarChange, state: JobState): boolean {
  return (
    isBound(state) &&
    avatar.status === next.status &&
    avatar.progress.percent === next.progress.percent &&
    avatar.progress.queuePosition === next.progress.queuePosition
  );
}

function failedState(status: AvatarStatus): Pick<JobFailure, 'state'> {
  return status === 'FAILED' ? { state: 'FAILED' } : {};
}

function queueProgress(position: number | null): Progress {
  return { percent: null, queuePosition: position, source: position === null ? null : 'QUEUE' };
}

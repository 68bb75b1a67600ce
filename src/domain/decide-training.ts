import {
  isFinal,
  jobFailure,
  unknownOutcome,
  type JobFailure,
  type JobState,
  type JobView,
} from './job-state.ts';
import type { TrainerName } from '../catalog/trainers.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Artifact } from '../catalog/artifact.ts';
import type { Failure } from './refusal.ts';
import type { Json } from '../values/json.ts';
import { requestIdOf, type RunEvent } from './run-event.ts';

export type AvatarStatus = 'DRAFT' | 'QUEUED' | 'TRAINING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export type Progress = {
  /** 0 to 100; null when unknown. */
  readonly percent: number | null;
  /** Number of runs ahead in fal's queue; null when not queued. */
  readonly queuePosition: number | null;
  readonly source: 'QUEUE' | 'LOGS' | 'RESULT' | null;
};

export type AvatarView = {
  readonly status: AvatarStatus;
  /** Of the training that it shows. */
  readonly falRequestId: string | null;
  readonly progress: Progress;
};

/** An artifact with the training that made it. */
export type TrainedArtifact = {
  readonly trainingId: string;
  readonly trainer: TrainerName;
  readonly value: Artifact;
};

/** Absent fields keep their values. */
export type AvatarChange = {
  readonly status: AvatarStatus;
  readonly falRequestId?: string | null;
  readonly progress: Progress;
  readonly error: Failure | null;
  readonly trainerNote?: string | null;
  readonly trainingStartedAt?: Date;
  readonly trainingCompletedAt?: Date | null;
  readonly falResponseData?: Json;
  /** Replaces the whole artifact, so that the parts of two trainings never mix. The training's job keeps it too. */
  readonly artifact?: TrainedArtifact;
};

/** What a decision depends on besides the rows and the event. */
export type Circumstances = { readonly now: Date; readonly catalog: Pick<Catalog, 'trainer'> };

const NO_PROGRESS: Progress = { percent: null, queuePosition: null, source: null };

/** Decides the avatar's change for an event that changes its training's job. */
export function decideTraining(
  job: JobView,
  avatar: AvatarView | null,
  event: RunEvent,
  circumstances: Circumstances,
): { readonly change: AvatarChange | null; readonly failure: JobFailure } {
  const outcome = outcomeOf(job, event, circumstances);
  const failure = jobFailure(outcome);
  // A refusal leaves the avatar as it was before startTraining.
  const isInvisible = event.kind === 'refused' && job.state === 'SUBMITTING';
  if (avatar === null || outcome === null || isInvisible || isSame(avatar, outcome, job.state)) {
    return { change: null, failure };
  }
  return { change: { ...startedColumns(job, event), ...outcome }, failure };
}

function outcomeOf(job: JobView, event: RunEvent, { now, catalog }: Circumstances): AvatarChange | null {
  switch (event.kind) {
    case 'refused':
      return failed(event.failure);
    case 'accepted':
      // A late response to the submit must not reset the status.
      return job.falRequestId !== null
        ? null
        : { status: 'QUEUED', progress: queueProgress(event.position), error: null };
    case 'identified':
      return { status: 'QUEUED', progress: NO_PROGRESS, error: null };
    case 'unknown':
      return {
        status: 'QUEUED',
        progress: NO_PROGRESS,
        error: unknownOutcome(event.message, now),
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
      const trainer = catalog.trainer(job.trainer);
      const reading = trainer?.read(event.output) ?? {
        missing: 'this server no longer has the trainer',
      };
      if ('missing' in reading) {
        const message = `The run succeeded, but the result of ${trainer?.endpoint ?? job.trainer} is unusable: ${reading.missing}.`;
        return { ...failed({ code: 'RESULT_INVALID', message }), falResponseData: event.output };
      }
      return {
        status: 'COMPLETED',
        progress: { percent: 100, queuePosition: null, source: 'RESULT' },
        error: null,
        artifact: { trainingId: job.id, trainer: job.trainer, value: reading.artifact },
        falResponseData: event.output,
        trainingCompletedAt: now,
      };
    }
    case 'failed':
      return {
        ...failed({ code: 'PROVIDER_FAILED', message: event.message }),
        falResponseData: event.output,
      };
    case 'abandoned':
      return failed({ code: 'LOST', message: event.message });
    case 'notStarted':
      return failed({ code: 'NOT_STARTED', message: event.message });
    case 'cancelledBeforeSubmit':
    case 'cancelled':
      return { status: 'CANCELLED', progress: NO_PROGRESS, error: null };
  }
}

function failed(error: Failure): AvatarChange {
  return { status: 'FAILED', progress: NO_PROGRESS, error };
}

/** The columns that the first visible event of a new training sets. */
function startedColumns(job: JobView, event: RunEvent): Partial<AvatarChange> {
  if (job.state === 'QUEUED' || job.state === 'RUNNING' || isFinal(job.state)) return {};
  const requestId = requestIdOf(event) ?? job.falRequestId;
  const { trainerNote, createdAt: trainingStartedAt } = job;
  return { falRequestId: requestId, trainerNote, trainingStartedAt, trainingCompletedAt: null };
}

function isSame(avatar: AvatarView, next: AvatarChange, state: JobState): boolean {
  return (
    (state === 'QUEUED' || state === 'RUNNING') &&
    avatar.status === next.status &&
    avatar.progress.percent === next.progress.percent &&
    avatar.progress.queuePosition === next.progress.queuePosition
  );
}

function queueProgress(position: number | null): Progress {
  return { percent: null, queuePosition: position, source: position === null ? null : 'QUEUE' };
}

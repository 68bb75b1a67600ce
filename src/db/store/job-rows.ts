import type { TrainerName } from '../../catalog/trainers.ts';
import { hasArtifact, otherLoraUrlsIn, type Artifact } from '../../catalog/artifact.ts';
import type {
  Announcement,
  Avatar,
  AvatarStatus,
  GenerationStatus,
  Job,
  Prisma,
} from '../../generated/prisma/client.ts';
import type { JobToPoll } from '../../jobs/poll-job.ts';
import type { LoadedJob } from '../../jobs/apply-run-event.ts';
import type { OutboxEntry } from '../../jobs/publish-outbox.ts';
import type { Json } from '../../values/json.ts';
import type { JobView } from '../../domain/job-state.ts';

/** The avatar's artifact, or null when it has none yet. */
function artifactOf(
  avatar: Pick<
    Avatar,
    'artifactTrainer' | 'finetuneId' | 'diffusersLoraFileUrl' | 'otherLoraFileUrls' | 'configFileUrl'
  >,
): { readonly trainer: TrainerName; readonly value: Artifact } | null {
  if (!hasArtifact(avatar)) return null;
  const { artifactTrainer: trainer } = avatar;
  if (avatar.finetuneId !== null)
    return { trainer, value: { kind: 'FINETUNE', finetuneId: avatar.finetuneId } };
  return {
    trainer,
    value: {
      kind: 'LORA',
      loraUrl: avatar.diffusersLoraFileUrl,
      otherLoraUrls: otherLoraUrlsIn(avatar.otherLoraFileUrls),
      configUrl: avatar.configFileUrl,
    },
  };
}

/** The columns of an avatar that a new job needs; not fal's response, which may be large. */
export const FOR_JOB = {
  id: true,
  status: true,
  trainingType: true,
  triggerPhrase: true,
  artifactTrainer: true,
  finetuneId: true,
  diffusersLoraFileUrl: true,
  otherLoraFileUrls: true,
  configFileUrl: true,
} as const satisfies Prisma.AvatarSelect;

export function avatarForJob(avatar: Pick<Avatar, keyof typeof FOR_JOB>) {
  const { id, status, trainingType, triggerPhrase } = avatar;
  return { id, status, trainingType, triggerPhrase, artifact: artifactOf(avatar) };
}

/** A job with what its avatar or generation shows; null columns where that was deleted. */
export type DecisionRow = Pick<
  Job,
  | 'id'
  | 'kind'
  | 'ownerId'
  | 'avatarId'
  | 'generationId'
  | 'trainer'
  | 'trainerNote'
  | 'state'
  | 'token'
  | 'falRequestId'
  | 'statusUrl'
  | 'revision'
  | 'nextPollAt'
  | 'cancelRequestedAt'
  | 'errorCode'
  | 'createdAt'
> &
  Pick<Avatar, 'progressPercent' | 'progressQueuePosition' | 'progressSource'> & {
    readonly version: number | null;
    readonly shownStatus: string | null;
    readonly shownRequestId: string | null;
    readonly showsError: boolean;
    /** Null before the run's end. */
    readonly shownResponse: Json;
  };

export function loadedJob(row: DecisionRow): LoadedJob {
  const {
    ownerId,
    revision,
    nextPollAt,
    avatarId,
    generationId,
    version,
    shownRequestId: falRequestId,
  } = row;
  // The avatar may show the response to a later run.
  const response = version !== null && falRequestId === row.falRequestId ? row.shownResponse : undefined;
  const loaded = { ownerId, revision, nextPollAt, avatarId, generationId, version, response };
  const { kind, ...job } = jobView(row);
  if (kind === 'TRAINING') {
    const progress = {
      percent: row.progressPercent,
      queuePosition: row.progressQueuePosition,
      source: row.progressSource,
    };
    const status = row.shownStatus as AvatarStatus | null;
    const avatar = status && { status, falRequestId, progress };
    return { ...loaded, snapshot: { job: { ...job, kind }, avatar } };
  }
  const status = row.shownStatus as GenerationStatus | null;
  const generation = status && { status, falRequestId, hasError: row.showsError };
  return { ...loaded, snapshot: { job: { ...job, kind }, generation } };
}

/** @param now on the database's clock, like the job's times */
export function jobToPoll(job: Job, now: Date): JobToPoll {
  return {
    id: job.id,
    state: job.state,
    run:
      job.falRequestId === null
        ? null
        : {
            endpoint: job.endpoint,
            requestId: job.falRequestId,
            statusUrl: job.statusUrl,
            responseUrl: job.responseUrl,
            cancelUrl: job.cancelUrl,
          },
    pollFailures: job.pollFailures,
    notFoundForMs: job.notFoundSince === null ? 0 : now.getTime() - job.notFoundSince.getTime(),
    ageMs: now.getTime() - job.createdAt.getTime(),
    cancelPending: isToBeCancelled(job) && job.cancelAnsweredAt === null,
    revision: job.revision,
    nextPollAt: job.nextPollAt,
  };
}

export function outboxEntry({ id, kind, ownerId, entityId, version }: Announcement): OutboxEntry {
  return { id, kind: kind as OutboxEntry['kind'], ownerId, entityId, version };
}

/** The deletion of an avatar does not see a job that is being created. */
function isToBeCancelled(job: Pick<Job, 'cancelRequestedAt' | 'avatarId'>): boolean {
  return job.cancelRequestedAt !== null || job.avatarId === null;
}

function jobView(job: DecisionRow): JobView {
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    trainer: job.trainer,
    trainerNote: job.trainerNote,
    falRequestId: job.falRequestId,
    statusUrl: job.statusUrl,
    cancelRequested: isToBeCancelled(job),
    errorCode: job.errorCode,
    createdAt: job.createdAt,
  };
}

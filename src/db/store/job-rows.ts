import { isTrainer, type Trainer } from '../../catalog/trainers.ts';
import { hasArtifact, type Artifact } from '../../catalog/artefact.ts';
import type { Announcement, Avatar, Generation, Job } from '../../generated/prisma/client.ts';
import type { JobToPoll } from '../../jobs/poll-job.ts';
import type { LoadedJob } from '../../jobs/apply-run-event.ts';
import type { OutboxEntry } from '../../jobs/publish-outbox.ts';
import type { Json } from '../../values/json.ts';
import type { JobView } from '../../domain/job-state.ts';

/** The avatar's artefact, or null when it has none yet. */
function artifactOf(
  avatar: Pick<Avatar, 'artifactTrainer' | 'finetuneId' | 'diffusersLoraFileUrl' | 'configFileUrl'>,
): { readonly trainer: Trainer; readonly value: Artifact } | null {
  if (!hasArtifact(avatar) || avatar.artifactTrainer === null) return null;
  const trainer = trainerOf(avatar.artifactTrainer);
  if (avatar.finetuneId !== null)
    return { trainer, value: { kind: 'FINETUNE', finetuneId: avatar.finetuneId } };
  if (avatar.diffusersLoraFileUrl === null) return null;
  return {
    trainer,
    value: { kind: 'LORA', loraUrl: avatar.diffusersLoraFileUrl, configUrl: avatar.configFileUrl },
  };
}

export function avatarForJob(avatar: Avatar) {
  const { id, status, trainingType, triggerPhrase } = avatar;
  return { id, status, trainingType, triggerPhrase, artifact: artifactOf(avatar) };
}

export function loadedJob(
  job: Job & { readonly avatar: Avatar | null; readonly generation: Generation | null },
): LoadedJob {
  const { ownerId, revision, nextPollAt, avatarId, generationId, avatar, generation } = job;
  const view = jobView(job);
  const common = { ownerId, revision, nextPollAt, avatarId, generationId };
  if (view.kind === 'TRAINING') {
    const snapshot = {
      job: { ...view, kind: view.kind },
      avatar: avatar && {
        status: avatar.status,
        falRequestId: avatar.falRequestId,
        progress: {
          percent: avatar.progressPercent,
          queuePosition: avatar.progressQueuePosition,
          source: avatar.progressSource,
        },
      },
    };
    return { ...common, snapshot, version: avatar?.version ?? null, answer: answerOf(job, avatar) };
  }
  const snapshot = {
    job: { ...view, kind: view.kind },
    generation: generation && {
      status: generation.status,
      falRequestId: generation.falRequestId,
      hasError: generation.errorCode !== null,
    },
  };
  return { ...common, snapshot, version: generation?.version ?? null, answer: answerOf(job, generation) };
}

/** fal's answer to this run; undefined when the avatar shows that of a later one. */
function answerOf(
  job: Job,
  shown: Pick<Avatar | Generation, 'falRequestId' | 'falResponseData'> | null,
): Json | undefined {
  const isOfThis = shown !== null && shown.falRequestId === job.falRequestId;
  return isOfThis ? (shown.falResponseData as Json) : undefined;
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
  return { id, kind: kind === 'AVATAR' ? 'AVATAR' : 'GENERATION', ownerId, entityId, version };
}

/** The deletion of an avatar does not see a job that is being created. */
function isToBeCancelled(job: Job): boolean {
  return job.cancelRequestedAt !== null || job.avatarId === null;
}

function jobView(job: Job): JobView {
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    trainer: trainerOf(job.trainer),
    falRequestId: job.falRequestId,
    statusUrl: job.statusUrl,
    cancelRequested: isToBeCancelled(job),
    errorCode: job.errorCode,
    createdAt: job.createdAt,
  };
}

function trainerOf(name: string): Trainer {
  if (!isTrainer(name)) throw new Error(`the database names a trainer this version does not know: ${name}`);
  return name;
}

import { AvatarNode } from './avatar.ts';
import { builder, viewerOf } from './builder.ts';
import { columnsFor, needs } from './columns.ts';
import { connectionOf } from './policy/pagination.ts';
import { Failure, failureOf } from './refusals.ts';
import { isId } from '../jobs/ids.ts';
import { notFoundError } from './errors.ts';
import { TrainerEnum } from './trainer.ts';
import { trainingStatusOf, type TrainingStatus } from '../domain/job-state.ts';
import { artifactFilesOf, loraUrlsOf, MAX_LORA_FILES, type Artifact } from '../catalog/artifact.ts';
import type { ExpiryPolicy, ListPolicy } from './policy/field-policy.ts';
import type { FileRef } from '../jobs/files/copy-files.ts';
import type { CopiedFile, TrainingRow } from './reads.ts';

const TrainingStatusEnum = builder.enumType('TrainingStatus', {
  description: 'State of a training.',
  values: {
    QUEUED: {
      description:
        'The training is submitted and has not started. If `error` is set, fal may not have received it.',
    },
    TRAINING: { description: 'fal is running the training.' },
    COMPLETED: { description: 'The training has succeeded.' },
    FAILED: { description: 'The training has ended without an artifact. See `error`.' },
    CANCELLED: { description: 'The training was cancelled.' },
  } satisfies Record<TrainingStatus, object>,
});

type ArtifactOf<Kind extends Artifact['kind']> = Extract<Artifact, { kind: Kind }>;

/** A file of a training's artifact, by its index, and the state of its copy. */
type ShownFile = FileRef & { readonly originalUrl: string; readonly copy: CopiedFile | undefined };

const ArtifactFile = builder.objectRef<ShownFile>('ArtifactFile').implement({
  description: 'A file of an artifact.',
  fields: (t) => ({
    url: t.string({
      description:
        'URL of the file. Anyone with this URL can fetch it. If this server keeps files, the URL is that of its copy, and expires after one to two hours: read the training again for a new URL. Otherwise it equals `originalUrl`.',
      extensions: { expires: true } satisfies ExpiryPolicy,
      resolve: (file, _args, { fileUrl, host }) => fileUrl(file, host) ?? file.originalUrl,
    }),
    originalUrl: t.exposeString('originalUrl', {
      description: 'URL of the file at fal, which deletes it after a time, by default a year.',
    }),
    size: t.int({
      nullable: true,
      description: 'Size of the file in bytes. Null until this server has copied it.',
      resolve: ({ copy }) => copy?.size ?? null,
    }),
    sha256: t.string({
      nullable: true,
      description: 'SHA-256 of the file in hexadecimal. Null until this server has copied it.',
      resolve: ({ copy }) => copy?.sha256 ?? null,
    }),
  }),
});

type LoraOfTraining = ArtifactOf<'LORA'> & {
  readonly training: Pick<TrainingRow, 'id'> & Partial<Pick<TrainingRow, 'files'>>;
};

const LoraArtifact = builder.objectRef<LoraOfTraining>('LoraArtifact').implement({
  description: 'A LoRA, as the artifact of a training.',
  fields: (t) => ({
    loraUrl: t.exposeString('loraUrl', { description: 'URL of the LoRA file at fal.' }),
    loraUrls: t.stringList({
      description: 'URLs of all files of the LoRA at fal, the first of which is `loraUrl`.',
      resolve: loraUrlsOf,
    }),
    configUrl: t.exposeString('configUrl', {
      nullable: true,
      description: 'URL of the LoRA’s configuration file at fal. Null if fal gave none.',
    }),
    files: t.field({
      type: [ArtifactFile],
      description: 'All files: those of the LoRA, then its configuration file.',
      extensions: { ...needs('Training', 'files'), maxEntries: MAX_LORA_FILES + 1 } satisfies ListPolicy,
      resolve: filesOf,
    }),
  }),
});

function filesOf({ training, ...lora }: LoraOfTraining): readonly ShownFile[] {
  const { id: sourceId, files = [] } = training;
  return artifactFilesOf(lora).map((originalUrl, position) => ({
    sourceId,
    position,
    originalUrl,
    copy: files.find((file) => file.position === position),
  }));
}

const FinetuneArtifact = builder.objectRef<ArtifactOf<'FINETUNE'>>('FinetuneArtifact').implement({
  description: 'A finetune, as the artifact of a training.',
  fields: (t) => ({
    finetuneId: t.exposeString('finetuneId', { description: 'ID of the finetune at fal.' }),
  }),
});

const ArtifactUnion = builder.unionType('Artifact', {
  description: 'Result of a training, from which images are generated.',
  types: [LoraArtifact, FinetuneArtifact],
  resolveType: ({ kind }) => (kind === 'LORA' ? LoraArtifact : FinetuneArtifact),
});

const TrainingNode = builder.prismaNode('Job', {
  name: 'Training',
  id: { field: 'id', description: 'Training ID. Starts with `job_`.' },
  findUnique: (id, context) => ({ id, ownerId: viewerOf(context).ownerId }),
  description: 'A training of an avatar. Trainings that fal refused to start are not included.',
  fields: (t) => ({
    attempt: t.int({
      description:
        'Position among the trainings of the avatar, in the order of the calls: 1 for the first. Failed and cancelled trainings count. Those that fal refused to start do not.',
      extensions: needs('Training', 'attempt'),
      resolve: (row) => (row as TrainingRow).attempt,
    }),
    status: t.field({
      type: TrainingStatusEnum,
      description: 'State of the training.',
      extensions: needs('Training', 'state'),
      resolve: ({ state }) => trainingStatusOf(state),
    }),
    trainer: t.field({
      type: TrainerEnum,
      nullable: true,
      description: 'Trainer. Null if this server no longer has it.',
      extensions: needs('Training', 'trainer'),
      resolve: ({ trainer }, _args, { deps: { catalog } }) => catalog.trainer(trainer)?.name ?? null,
    }),
    trainerNote: t.exposeString('trainerNote', {
      nullable: true,
      description: 'Reason why the training did not use the default trainer. Otherwise null.',
    }),
    endpoint: t.exposeString('endpoint', { description: 'fal endpoint that runs the training.' }),
    input: t.expose('input', {
      type: 'JSON',
      description: 'Complete, unchanged input that was sent to fal. It contains the URL of the photos.',
    }),
    falRequestId: t.exposeString('falRequestId', {
      nullable: true,
      description: 'Request ID of the run at fal. Null until it is known.',
    }),
    artifact: t.field({
      type: ArtifactUnion,
      nullable: true,
      description:
        'Artifact of the training. Null unless `status` is COMPLETED, and for trainings that a later one replaced before this server kept the artifacts of all trainings.',
      extensions: needs('Training', 'artifact'),
      resolve: (row) => {
        // This service writes the column.
        const artifact = row.artifact as Artifact | null;
        return artifact?.kind === 'LORA' ? { ...artifact, training: row } : artifact;
      },
    }),
    isCurrent: t.boolean({
      description: 'Whether the avatar generates images from the artifact of this training.',
      extensions: needs('Training', 'isCurrent'),
      resolve: (row) => (row as TrainingRow).isCurrent,
    }),
    error: t.field({
      type: Failure,
      nullable: true,
      description: 'Reason why the training failed, or why its outcome is unknown. Otherwise null.',
      extensions: needs('Training', 'errorCode', 'errorMessage', 'nextPollAt'),
      // The next look at an unknown outcome is its deadline.
      resolve: ({ nextPollAt, ...row }) => failureOf({ ...row, errorWaitsUntil: nextPollAt }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Time of the request.' }),
    submittedAt: t.expose('submittedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Time at which the run at fal became known. Null until then.',
    }),
    completedAt: t.expose('settledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Time at which the training ended. Null until then.',
    }),
    avatar: t.field({
      type: AvatarNode,
      description: 'Avatar of the training.',
      extensions: needs('Training', 'ownerId', 'avatarId'),
      resolve: async ({ ownerId, avatarId }, _args, context, info) => {
        const avatar =
          avatarId === null ? null : await context.rows.avatar(ownerId, avatarId, columnsFor(info).Avatar);
        // Deleted during the read.
        if (avatar === null) throw notFoundError();
        return avatar;
      },
    }),
  }),
});

builder.prismaObjectField(AvatarNode, 'trainings', (t) =>
  t.connection(
    {
      type: TrainingNode,
      description: 'Trainings of the avatar, newest first. Page size: 20 by default, at most 100.',
      extensions: needs('Avatar', 'id'),
      resolve: ({ id }, args, context, info) => {
        const { Training: columns, hasPageInfo } = columnsFor(info);
        return connectionOf(args, 'job', hasPageInfo, (page) => context.rows.trainingsOf(id, page, columns));
      },
    },
    { name: 'TrainingConnection', description: 'A page of trainings.' },
    { name: 'TrainingEdge', description: 'A training and its cursor.' },
  ),
);

builder.queryField('training', (t) =>
  t.field({
    type: TrainingNode,
    nullable: true,
    description: 'Training of the caller with this ID. Null if not found.',
    args: { id: t.arg.id({ required: true, description: 'ID of the training.' }) },
    resolve: (_root, { id }, context, info) =>
      isId(id) ? context.rows.training(viewerOf(context).ownerId, id, columnsFor(info).Training) : null,
  }),
);

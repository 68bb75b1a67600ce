import { builder, viewerOf } from './builder.ts';
import { columnsFor, needs } from './columns.ts';
import { connectionOf } from './policy/pagination.ts';
import { Failure, failureOf } from './refusals.ts';
import { followRow } from './follow-row.ts';
import { GenerationConnection, GenerationNode } from './generation.ts';
import { otherLoraUrlsIn } from '../catalog/artifact.ts';
import { isId, isRequestId } from '../jobs/ids.ts';
import { isReady } from '../catalog/catalog.ts';
import { notFoundError } from './errors.ts';
import { openStream, versionFrom } from './stream.ts';
import { Progress } from './progress.ts';
import { TrainerEnum, TrainingTypeEnum } from './trainer.ts';
import { watchRows } from '../live/watch.ts';
import type { Avatar } from '../generated/prisma/client.ts';
import type { AvatarRow } from './reads.ts';

export const AvatarStatusEnum = builder.enumType('AvatarStatus', {
  description: 'State of the newest training. Use `isReady` to check whether the avatar can generate images.',
  values: {
    DRAFT: { description: 'No training has been started.' },
    QUEUED: {
      description:
        'The training is submitted and has not started. If `error` is set, fal may not have received it.',
    },
    TRAINING: { description: 'fal is running the training.' },
    COMPLETED: {
      description: 'The training has succeeded and its artifact is available, or the avatar was imported.',
    },
    FAILED: { description: 'The training has ended without an artifact. See `error`.' },
    CANCELLED: { description: 'The training was cancelled.' },
  },
});

export const AvatarNode = builder.prismaNode('Avatar', {
  id: { field: 'id', description: 'Avatar ID. Starts with `avt_`.' },
  findUnique: (id, context) => ({ id, ownerId: viewerOf(context).ownerId }),
  description: 'A person or a style to generate images of.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name given by the caller.' }),
    trainingType: t.expose('trainingType', {
      type: TrainingTypeEnum,
      description: 'Type of the avatar’s trainings: a person or a style.',
    }),
    status: t.expose('status', { type: AvatarStatusEnum, description: 'State of the newest training.' }),
    isReady: t.boolean({
      description:
        'Whether the avatar has an artifact to generate images from. A newer training does not change this while it runs or when it fails.',
      extensions: needs('Avatar', 'artifactTrainer', 'finetuneId', 'diffusersLoraFileUrl'),
      resolve: (avatar, _args, { deps: { catalog } }) => isReady(avatar, catalog),
    }),
    triggerPhrase: t.exposeString('triggerPhrase', {
      description:
        'Phrase that refers to the avatar in a prompt. `generateImage` adds it to prompts that lack it.',
    }),
    externalId: t.exposeString('externalId', {
      nullable: true,
      description: 'The caller’s own ID of the avatar. Unique among the avatars of the caller.',
    }),
    tags: t.stringList({
      description: 'Tags of the avatar, sorted.',
      extensions: needs('Avatar', 'tags'),
      resolve: (row) => (row as AvatarRow).tags,
    }),
    trainer: t.field({
      type: TrainerEnum,
      nullable: true,
      description:
        'Trainer that made the current artifact. Null if there is no artifact, or if this server no longer has the trainer.',
      extensions: needs('Avatar', 'artifactTrainer'),
      resolve: ({ artifactTrainer }, _args, { deps: { catalog } }) =>
        catalog.trainer(artifactTrainer ?? '')?.name ?? null,
    }),
    trainerNote: t.exposeString('trainerNote', {
      nullable: true,
      description:
        'Reason why the newest training did not use the default trainer, such as an endpoint that fal retired. Otherwise null.',
    }),
    falRequestId: t.exposeString('falRequestId', {
      nullable: true,
      description:
        'Request ID of the newest training at fal. It tracks the training and never identifies a model: see `finetuneId` and `diffusersLoraFileUrl`.',
    }),
    finetuneId: t.exposeString('finetuneId', {
      nullable: true,
      description:
        'ID of the finetune at fal that generates images. Set from the training result, for trainers with the artifact FINETUNE only.',
    }),
    diffusersLoraFileUrl: t.exposeString('diffusersLoraFileUrl', {
      nullable: true,
      description:
        'URL of the LoRA file that generates images. Set from the training result, for trainers with the artifact LORA only. fal deletes the file after a time, by default a year; then the avatar needs a new training.',
    }),
    loraFileUrls: t.stringList({
      description:
        'URLs of all files of the LoRA, the first of which is `diffusersLoraFileUrl`. Empty if there is no LoRA.',
      extensions: needs('Avatar', 'diffusersLoraFileUrl', 'otherLoraFileUrls'),
      resolve: ({ diffusersLoraFileUrl: first, otherLoraFileUrls: others }) =>
        first === null ? [] : [first, ...otherLoraUrlsIn(others)],
    }),
    configFileUrl: t.exposeString('configFileUrl', {
      nullable: true,
      description: 'URL of the LoRA’s configuration file.',
    }),
    falResponseData: t.expose('falResponseData', {
      type: 'JSON',
      nullable: true,
      description: 'Complete, unchanged response of fal to the last training that ended.',
    }),
    progress: t.field({
      type: Progress,
      nullable: true,
      description: 'Progress of the newest training. Null unless `status` is QUEUED, TRAINING or COMPLETED.',
      extensions: needs('Avatar', 'status', 'progressPercent', 'progressQueuePosition', 'progressSource'),
      resolve: (avatar) => (HAS_PROGRESS.has(avatar.status) ? avatar : null),
    }),
    error: t.field({
      type: Failure,
      nullable: true,
      description: 'Reason why the newest training failed, or why its outcome is unknown. Otherwise null.',
      extensions: needs('Avatar', 'errorCode', 'errorMessage', 'errorWaitsUntil'),
      resolve: failureOf,
    }),
    version: t.exposeInt('version', {
      description: 'Version number. Increases by one with every visible change.',
    }),
    trainingStartedAt: t.expose('trainingStartedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Time at which the newest training was requested.',
    }),
    trainingCompletedAt: t.expose('trainingCompletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Time at which the newest training completed. Null unless it did.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Time of creation.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'Time of the last change.' }),
    generations: t.connection(
      {
        type: GenerationNode,
        description: 'Generations of the avatar, newest first. Page size: 20 by default, at most 100.',
        extensions: needs('Avatar', 'id'),
        resolve: async ({ id }, args, context, info) => {
          const { Generation: columns, hasPageInfo } = columnsFor(info);
          const { edges, pageInfo } = await connectionOf(args, 'gen', hasPageInfo, (rows) =>
            context.rows.generationsOf(id, rows, columns),
          );
          return { edges, pageInfo, count: () => context.rows.countGenerationsOf(id) };
        },
      },
      GenerationConnection,
    ),
  }),
});

builder.prismaObjectField(GenerationNode, 'avatar', (t) =>
  t.field({
    type: AvatarNode,
    description: 'Avatar of the generation.',
    extensions: needs('Generation', 'ownerId', 'avatarId'),
    resolve: async ({ ownerId, avatarId }, _args, context, info) => {
      const avatar = await context.rows.avatar(ownerId, avatarId, columnsFor(info).Avatar);
      // Deleted during the read.
      if (avatar === null) throw notFoundError();
      return avatar;
    },
  }),
);

const HAS_PROGRESS = new Set<Avatar['status']>(['QUEUED', 'TRAINING', 'COMPLETED']);

builder.queryField('avatar', (t) =>
  t.field({
    type: AvatarNode,
    nullable: true,
    description: 'Avatar of the caller with this ID. Null if not found.',
    args: { id: t.arg.id({ required: true, description: 'ID of the avatar.' }) },
    resolve: (_root, { id }, context, info) =>
      isId(id) ? context.rows.avatar(viewerOf(context).ownerId, id, columnsFor(info).Avatar) : null,
  }),
);

builder.queryField('avatarByRequestId', (t) =>
  t.field({
    type: AvatarNode,
    nullable: true,
    description:
      'Avatar of the caller with a training or generation that has this request ID at fal, also if it is not the newest. Null if not found.',
    args: { requestId: t.arg.string({ required: true, description: 'Request ID of a run at fal.' }) },
    resolve: async (_root, { requestId: falRequestId }, context, info) => {
      if (!isRequestId(falRequestId)) return null;
      const { ownerId } = viewerOf(context);
      const where = { falRequestId, ownerId };
      const job = await context.prisma.job.findUnique({ where, select: { avatarId: true } });
      const avatarId = job?.avatarId ?? null;
      return avatarId === null ? null : context.rows.avatar(ownerId, avatarId, columnsFor(info).Avatar);
    },
  }),
);

builder.subscriptionField('avatarStatus', (t) =>
  t.field({
    type: AvatarNode,
    description:
      'Sends the current state of an avatar, then its state after every change, with increasing versions. Changes in quick succession may arrive as one event. With `avatarId`, ends when the avatar is deleted. Without it, covers all avatars of the caller, including those created later.',
    args: {
      avatarId: t.arg.id({ description: 'ID of the avatar. Default: all avatars of the caller.' }),
      afterVersion: t.arg.int({
        description:
          'Last version that the caller has received. The current state is sent only if its version is higher. Without `avatarId`, this applies to each avatar.',
      }),
    },
    subscribe: async (_root, { avatarId, afterVersion }, context, info) => {
      const { ownerId } = viewerOf(context);
      const { avatar } = context.prisma;
      const version = versionFrom(afterVersion);
      const columns = [...columnsFor(info).Avatar, 'version'] as const;
      if (avatarId == null) {
        return openStream(context, async () =>
          watchRows({
            listen: context.notifications.listen('avatarsOf', ownerId),
            list: (afterId, limit) =>
              avatar.findMany({
                where: { ownerId, id: { gt: afterId } },
                orderBy: { id: 'asc' },
                take: limit,
                select: { id: true, version: true },
              }),
            read: async (ids) => {
              const rows = await Promise.all(ids.map((id) => context.rows.avatar(ownerId, id, columns)));
              return rows.filter((row) => row !== null);
            },
            afterVersion: version,
          }),
        );
      }
      return followRow(context, info, {
        id: avatarId,
        listen: context.notifications.listen('avatar', avatarId),
        read: () => context.rows.avatar(ownerId, avatarId, columns),
        afterVersion: version,
      });
    },
    // Don't read the row again: the later version would be sent twice.
    resolve: (row) => row,
  }),
);

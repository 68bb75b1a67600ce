import { badInput, builder, viewerOf } from './builder.ts';
import { Failure, failureOf } from './refusals.ts';
import { GenerationNode } from './generation.ts';
import { hasArtifact } from '../catalog/artefact.ts';
import { isId } from '../jobs/ids.ts';
import { isTrainer } from '../catalog/trainers.ts';
import { openStream } from './stream.ts';
import { TrainerEnum, TrainingTypeEnum } from './trainer.ts';
import { watchRow, watchRows } from '../live/watch.ts';
import type { Avatar } from '../generated/prisma/client.ts';

const AvatarStatusEnum = builder.enumType('AvatarStatus', {
  description: 'How the newest training stands. Whether the avatar can generate is `isReady`.',
  values: {
    DRAFT: { description: 'No training was started yet.' },
    QUEUED: { description: 'fal has the training, or may have it; it has not begun.' },
    TRAINING: { description: 'fal is training.' },
    COMPLETED: { description: 'The training ended and its artefact is there.' },
    FAILED: { description: 'The training ended without an artefact; `error` says why.' },
    CANCELLED: { description: 'The training was stopped.' },
  },
});

const ProgressSourceEnum = builder.enumType('ProgressSource', {
  description: 'Where a progress figure comes from. None is ever made up.',
  values: {
    QUEUE: { description: 'fal’s queue.' },
    LOGS: { description: 'The trainer’s own log lines.' },
    RESULT: { description: 'The result: it is done.' },
  },
});

type ProgressShape = Pick<Avatar, 'progressPercent' | 'progressQueuePosition' | 'progressSource'>;

const Progress = builder.objectRef<ProgressShape>('Progress').implement({
  description: 'How far the newest training is.',
  fields: (t) => ({
    percent: t.exposeInt('progressPercent', { nullable: true, description: '0 to 100; null while unknown.' }),
    queuePosition: t.exposeInt('progressQueuePosition', {
      nullable: true,
      description:
        'How many runs are ahead in fal’s queue; null when it is not waiting, or fal does not say.',
    }),
    source: t.expose('progressSource', {
      type: ProgressSourceEnum,
      nullable: true,
      description: 'Where the figures come from; null while there are none.',
    }),
  }),
});

export const AvatarNode = builder.prismaNode('Avatar', {
  id: { field: 'id', description: 'Begins with `avt_`.' },
  findUnique: (id, context) => ({ id, ownerId: viewerOf(context).ownerId }),
  description: 'A person or a style that images can be drawn of.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What the caller calls it.' }),
    trainingType: t.expose('trainingType', {
      type: TrainingTypeEnum,
      description: 'What it is trained to show.',
    }),
    status: t.expose('status', { type: AvatarStatusEnum, description: 'How the newest training stands.' }),
    isReady: t.boolean({
      description: 'It has an artefact to generate with, whatever its newest training does.',
      resolve: hasArtifact,
    }),
    triggerPhrase: t.exposeString('triggerPhrase', {
      description: 'The text it answers to in a prompt. generateImage adds it where a prompt lacks it.',
    }),
    trainer: t.field({
      type: TrainerEnum,
      nullable: true,
      description: 'Who made the present artefact.',
      resolve: ({ artifactTrainer: name }) => (name !== null && isTrainer(name) ? name : null),
    }),
    falRequestId: t.exposeString('falRequestId', {
      nullable: true,
      description:
        'Tracks the newest training at fal. It never identifies a model: that is `finetuneId` or the LoRA.',
    }),
    finetuneId: t.exposeString('finetuneId', {
      nullable: true,
      description:
        'Generates images; only trainers that return a finetune give one, and only with their result.',
    }),
    diffusersLoraFileUrl: t.exposeString('diffusersLoraFileUrl', {
      nullable: true,
      description: 'Generates images; only trainers that return a LoRA give one, and only with their result.',
    }),
    configFileUrl: t.exposeString('configFileUrl', {
      nullable: true,
      description: 'The LoRA’s configuration file.',
    }),
    falResponseData: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The newest ended training’s whole answer, as it came.',
      resolve: ({ falResponseData }) => falResponseData,
    }),
    progress: t.field({
      type: Progress,
      nullable: true,
      description: 'How far the newest training is; null when there is none under way or completed.',
      resolve: (avatar) => (HAS_PROGRESS.has(avatar.status) ? avatar : null),
    }),
    error: t.field({
      type: Failure,
      nullable: true,
      description: 'Why the newest training failed, or why its outcome is unknown.',
      resolve: failureOf,
    }),
    version: t.exposeInt('version', { description: 'Grows by one with every visible change.' }),
    trainingStartedAt: t.expose('trainingStartedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the newest training was asked for.',
    }),
    trainingCompletedAt: t.expose('trainingCompletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the newest training completed; null unless it did.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it changed last.' }),
    generations: t.relatedConnection(
      'generations',
      {
        type: GenerationNode,
        cursor: 'id',
        description:
          'Its generations, the newest first. A page holds 20 unless asked otherwise, and at most 100.',
        query: { orderBy: { id: 'desc' } },
      },
      { name: 'GenerationConnection', description: 'A page of generations.' },
      { name: 'GenerationEdge', description: 'A generation and where it stands in the list.' },
    ),
  }),
});

const HAS_PROGRESS = new Set<Avatar['status']>(['QUEUED', 'TRAINING', 'COMPLETED']);

builder.queryField('avatar', (t) =>
  t.prismaField({
    type: AvatarNode,
    nullable: true,
    description: 'An avatar of the caller; null when there is no such one.',
    args: { id: t.arg.id({ required: true, description: 'The avatar’s id.' }) },
    resolve: (query, _root, { id }, context) =>
      isId(id)
        ? context.prisma.avatar.findFirst({ ...query, where: { id, ownerId: viewerOf(context).ownerId } })
        : null,
  }),
);

builder.queryField('avatars', (t) =>
  t.prismaConnection(
    {
      type: AvatarNode,
      cursor: 'id',
      description:
        'The caller’s avatars, the newest first. A page holds 20 unless asked otherwise, and at most 100.',
      resolve: (query, _root, _args, context) =>
        context.prisma.avatar.findMany({
          ...query,
          where: { ownerId: viewerOf(context).ownerId },
          orderBy: { id: 'desc' },
        }),
    },
    { name: 'AvatarConnection', description: 'A page of avatars.' },
    { name: 'AvatarEdge', description: 'An avatar and where it stands in the list.' },
  ),
);

builder.subscriptionField('avatarStatus', (t) =>
  t.prismaField({
    type: AvatarNode,
    description:
      'An avatar as it is now, then after every change, with growing versions. Without `avatarId`: all avatars of the caller, those made later included. Changes that follow each other quickly may be told as one. Ends when the avatar is deleted.',
    args: {
      avatarId: t.arg.id({ description: 'Which avatar; left out: all of the caller’s.' }),
      afterVersion: t.arg.int({
        description:
          'The last version the caller has seen: a present state is left out unless it is newer. Without `avatarId` it is compared with each avatar’s own version.',
      }),
    },
    subscribe: async (_root, { avatarId, afterVersion }, context) => {
      const { ownerId } = viewerOf(context);
      const { avatar } = context.prisma;
      if (afterVersion != null && afterVersion < 0) {
        throw badInput(`afterVersion: expected a whole number from 0, got ${afterVersion}.`);
      }
      if (avatarId == null) {
        return openStream(context, async () =>
          watchRows({
            listen: context.news.listen('avatarsOf', ownerId),
            list: (afterId, limit) =>
              avatar.findMany({
                where: { ownerId, id: { gt: afterId } },
                orderBy: { id: 'asc' },
                take: limit,
                select: { id: true, version: true },
              }),
            read: (ids) =>
              avatar.findMany({ where: { ownerId, id: { in: [...ids] } }, orderBy: { id: 'asc' } }),
            afterVersion: afterVersion ?? 0,
          }),
        );
      }
      return openStream(context, async () =>
        isId(avatarId)
          ? watchRow({
              listen: context.news.listen('avatar', avatarId),
              read: () => context.watched.avatars.read(ownerId, avatarId),
              afterVersion: afterVersion ?? 0,
            })
          : null,
      );
    },
    // The row was read for this very event: reading it again could show a later version twice.
    resolve: (_query, row) => row,
  }),
);

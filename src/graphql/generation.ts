import { badInput, builder, viewerOf } from './builder.ts';
import { Failure, failureOf } from './refusals.ts';
import { isId } from '../jobs/ids.ts';
import { isGeneratedImages } from './stored-images.ts';
import { openStream } from './stream.ts';
import { watchRow } from '../live/watch.ts';
import type { Generation } from '../generated/prisma/client.ts';
import type { GeneratedImage } from '../catalog/images.ts';

const GenerationStatusEnum = builder.enumType('GenerationStatus', {
  description: 'How far a generation is.',
  values: {
    QUEUED: { description: 'fal has it, or may have it; it has not begun.' },
    RUNNING: { description: 'fal is drawing.' },
    COMPLETED: { description: 'The images are there.' },
    FAILED: { description: 'It ended without images; `error` says why.' },
    CANCELLED: { description: 'It was stopped.' },
  },
});

const Image = builder.objectRef<GeneratedImage>('Image').implement({
  description: 'One picture.',
  fields: (t) => ({
    url: t.exposeString('url', {
      description:
        'Where it can be fetched. Everyone who has this address can fetch it; fal may remove it later.',
    }),
    width: t.exposeInt('width', { nullable: true, description: 'Pixels; null when fal did not say.' }),
    height: t.exposeInt('height', { nullable: true, description: 'Pixels; null when fal did not say.' }),
    contentType: t.exposeString('contentType', { nullable: true, description: 'Such as `image/jpeg`.' }),
    flagged: t.exposeBoolean('flagged', {
      description: 'fal’s safety checker objected; the picture is then usually black.',
    }),
  }),
});

export const GenerationNode = builder.prismaNode('Generation', {
  id: { field: 'id', description: 'Begins with `gen_`.' },
  findUnique: (id, context) => ({ id, ownerId: viewerOf(context).ownerId }),
  description: 'Images drawn, or being drawn, from an avatar.',
  fields: (t) => ({
    status: t.expose('status', { type: GenerationStatusEnum, description: 'How far it is.' }),
    prompt: t.exposeString('prompt', {
      description: 'What the caller asked for. fal gets it with the avatar’s trigger phrase in it.',
    }),
    numImages: t.exposeInt('numImages', { description: 'How many images were asked for.' }),
    strength: t.exposeFloat('strength', {
      nullable: true,
      description: 'How strongly the artefact was to show; null: the endpoint’s default.',
    }),
    seed: t.float({
      nullable: true,
      description: 'The seed that was used: a whole number that may exceed 32 bits. Null until it is known.',
      resolve: ({ seed }) => (seed === null ? null : Number(seed)),
    }),
    imageUrl: t.string({
      nullable: true,
      description: 'The first image’s address, for simple clients.',
      resolve: ({ images }) => imagesOf(images)[0]?.url ?? null,
    }),
    images: t.field({
      type: [Image],
      description: 'The images in fal’s order; empty until the generation is COMPLETED.',
      resolve: ({ images }) => imagesOf(images),
    }),
    falRequestId: t.exposeString('falRequestId', { nullable: true, description: 'Tracks the run at fal.' }),
    falResponseData: t.field({
      type: 'JSON',
      nullable: true,
      description: 'fal’s whole answer.',
      resolve: ({ falResponseData }) => falResponseData,
    }),
    error: t.field({
      type: Failure,
      nullable: true,
      description: 'Why there are no images, or why it is not known whether there will be.',
      resolve: failureOf,
    }),
    version: t.exposeInt('version', { description: 'Grows by one with every visible change.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it changed last.' }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it is under way.',
    }),
    avatar: t.relation('avatar', { description: 'Whose images these are.' }),
  }),
});

function imagesOf(stored: unknown): readonly GeneratedImage[] {
  return isGeneratedImages(stored) ? stored : [];
}

builder.queryField('generation', (t) =>
  t.prismaField({
    type: GenerationNode,
    nullable: true,
    description: 'A generation of the caller; null when there is no such one.',
    args: { id: t.arg.id({ required: true, description: 'The generation’s id.' }) },
    resolve: (query, _root, { id }, context) =>
      isId(id)
        ? context.prisma.generation.findFirst({ ...query, where: { id, ownerId: viewerOf(context).ownerId } })
        : null,
  }),
);

const ENDED = new Set<Generation['status']>(['COMPLETED', 'FAILED', 'CANCELLED']);

export function hasEnded({ status }: Pick<Generation, 'status'>): boolean {
  return ENDED.has(status);
}

builder.subscriptionField('generationStatus', (t) =>
  t.prismaField({
    type: GenerationNode,
    description:
      'A generation as it is now, then after every change, with growing versions. Ends after its last state. Changes that follow each other quickly may be told as one.',
    args: {
      generationId: t.arg.id({ required: true, description: 'The generation’s id.' }),
      afterVersion: t.arg.int({
        description:
          'The last version the caller has seen: the present state is left out unless it is newer.',
      }),
    },
    subscribe: async (_root, { generationId, afterVersion }, context) => {
      const { ownerId } = viewerOf(context);
      if (afterVersion != null && afterVersion < 0) {
        throw badInput(`afterVersion: expected a whole number from 0, got ${afterVersion}.`);
      }
      return openStream(context, async () =>
        isId(generationId)
          ? watchRow({
              listen: context.news.listen('generation', generationId),
              read: () => context.watched.generations.read(ownerId, generationId),
              afterVersion: afterVersion ?? 0,
              isLast: hasEnded,
            })
          : null,
      );
    },
    // The row was read for this very event: reading it again could show a later version twice.
    resolve: (_query, row) => row,
  }),
);

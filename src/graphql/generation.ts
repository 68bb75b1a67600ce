import { builder, viewerOf } from './builder.ts';
import { columnsFor, needs } from './columns.ts';
import { Failure, failureOf } from './refusals.ts';
import { followRow } from './follow-row.ts';
import type { ExpiryPolicy, ListPolicy } from './policy/field-policy.ts';
import { isFinal } from '../domain/job-state.ts';
import { isId } from '../jobs/ids.ts';
import { MAX_IMAGES } from '../catalog/generators.ts';
import { TOTAL_COUNT, type Countable } from './total-count.ts';
import { versionFrom } from './stream.ts';
import type { Generation } from '../generated/prisma/client.ts';
import type { GeneratedImage } from '../catalog/images.ts';
import type { FileRef } from '../jobs/files/copy-files.ts';
import type { CopiedFile, GenerationRow } from './reads.ts';
import type { Context } from './context.ts';

export const GenerationStatusEnum = builder.enumType('GenerationStatus', {
  description: 'State of a generation.',
  values: {
    QUEUED: {
      description:
        'The generation is submitted and has not started. If `error` is set, fal may not have received it.',
    },
    RUNNING: { description: 'fal is generating the images.' },
    COMPLETED: { description: 'The images are available.' },
    FAILED: { description: 'The generation has ended without images. See `error`.' },
    CANCELLED: { description: 'The generation was cancelled.' },
  },
});

/** An image of a generation, by its index, and the state of its copy. */
type ShownImage = GeneratedImage & FileRef & { readonly copy: CopiedFile | undefined };

const Image = builder.objectRef<ShownImage>('Image').implement({
  description: 'A generated image.',
  fields: (t) => ({
    url: t.string({
      description:
        'URL of the image. Anyone with this URL can fetch it. If this server keeps files, the URL is that of its copy, and expires after one to two hours: read the generation again for a new URL. Otherwise it equals `originalUrl`.',
      extensions: { expires: true } satisfies ExpiryPolicy,
      resolve: urlOf,
    }),
    originalUrl: t.exposeString('url', {
      description:
        'URL of the image at fal. Anyone with this URL can fetch it. fal deletes the image after a time, by default 30 days.',
    }),
    size: t.int({
      nullable: true,
      description: 'Size of the file in bytes. Null until this server has copied it.',
      extensions: needs('Generation', 'files'),
      resolve: ({ copy }) => copy?.size ?? null,
    }),
    sha256: t.string({
      nullable: true,
      description: 'SHA-256 of the file in hexadecimal. Null until this server has copied it.',
      extensions: needs('Generation', 'files'),
      resolve: ({ copy }) => copy?.sha256 ?? null,
    }),
    width: t.exposeInt('width', {
      nullable: true,
      description: 'Width in pixels. Null if fal did not report it.',
    }),
    height: t.exposeInt('height', {
      nullable: true,
      description: 'Height in pixels. Null if fal did not report it.',
    }),
    contentType: t.exposeString('contentType', {
      nullable: true,
      description: 'Media type, such as `image/jpeg`. Null if fal did not report it.',
    }),
    flagged: t.exposeBoolean('flagged', {
      description: 'Whether fal’s safety checker flagged the image. A flagged image is usually black.',
    }),
  }),
});

export const GenerationNode = builder.prismaNode('Generation', {
  id: { field: 'id', description: 'Generation ID. Starts with `gen_`.' },
  findUnique: (id, context) => ({ id, ownerId: viewerOf(context).ownerId }),
  description: 'A request for images of an avatar, with its images.',
  fields: (t) => ({
    status: t.expose('status', { type: GenerationStatusEnum, description: 'State of the generation.' }),
    prompt: t.exposeString('prompt', {
      description: 'Prompt as given by the caller. fal receives it with the avatar’s trigger phrase.',
    }),
    numImages: t.exposeInt('numImages', { description: 'Number of requested images.' }),
    strength: t.exposeFloat('strength', {
      nullable: true,
      description: 'Weight of the artifact. Null: the default of the endpoint.',
    }),
    seed: t.float({
      nullable: true,
      description:
        'Seed of the images: a whole number that may exceed 32 bits. The seed that was sent to fal; later the seed in fal’s response. Null for generations without a seed.',
      extensions: needs('Generation', 'seed'),
      resolve: ({ seed }) => (seed === null ? null : Number(seed)),
    }),
    imageUrl: t.string({
      nullable: true,
      description: 'URL of the first image, as in `images`. Null if there is none.',
      extensions: { ...needs('Generation', 'images'), expires: true } satisfies ExpiryPolicy,
      resolve: (row, _args, context) => {
        const [first] = imagesOf(row);
        return first === undefined ? null : urlOf(first, {}, context);
      },
    }),
    images: t.field({
      type: [Image],
      description: 'Images in fal’s order. Empty until `status` is COMPLETED.',
      // fal returns as many as were requested.
      extensions: { ...needs('Generation', 'images'), maxEntries: MAX_IMAGES } satisfies ListPolicy,
      resolve: imagesOf,
    }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Complete, unchanged input that was sent to fal.',
      extensions: needs('Generation', 'input'),
      resolve: (row) => (row as GenerationRow).input,
    }),
    falRequestId: t.exposeString('falRequestId', {
      nullable: true,
      description: 'Request ID of the run at fal.',
    }),
    falResponseData: t.expose('falResponseData', {
      type: 'JSON',
      nullable: true,
      description: 'Complete, unchanged response of fal.',
    }),
    error: t.field({
      type: Failure,
      nullable: true,
      description: 'Reason why the generation failed, or why its outcome is unknown. Otherwise null.',
      extensions: needs('Generation', 'errorCode', 'errorMessage', 'errorWaitsUntil'),
      resolve: failureOf,
    }),
    version: t.exposeInt('version', {
      description: 'Version number. Increases by one with every visible change.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Time of the request.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'Time of the last change.' }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Time at which the generation ended. Null until then.',
    }),
  }),
});

export const GenerationConnection = builder.connectionObject<typeof GenerationNode, Countable>(
  {
    type: GenerationNode,
    name: 'GenerationConnection',
    description: 'A page of generations.',
    fields: (f) => ({ totalCount: f.int(TOTAL_COUNT) }),
  },
  { name: 'GenerationEdge', description: 'A generation and its cursor.' },
);

/** The images column, which this service writes; an empty list until a generation completes. */
function imagesOf(row: Generation): readonly ShownImage[] {
  const { id: sourceId, images } = row;
  const { files = [] } = row as Partial<GenerationRow>;
  if (!Array.isArray(images)) return [];
  // A spread of parsed JSON would take a third of the CPU of a list with images.
  return (images as unknown as GeneratedImage[]).map((image, position) => ({
    url: image.url,
    width: image.width,
    height: image.height,
    contentType: image.contentType,
    flagged: image.flagged,
    sourceId,
    position,
    copy: files.find((file) => file.position === position),
  }));
}

function urlOf(image: ShownImage, _args: object, { fileUrl, host }: Context): string {
  return fileUrl(image, host) ?? image.url;
}

builder.queryField('generation', (t) =>
  t.field({
    type: GenerationNode,
    nullable: true,
    description: 'Generation of the caller with this ID. Null if not found.',
    args: { id: t.arg.id({ required: true, description: 'ID of the generation.' }) },
    resolve: (_root, { id }, context, info) =>
      isId(id) ? context.rows.generation(viewerOf(context).ownerId, id, columnsFor(info).Generation) : null,
  }),
);

builder.subscriptionField('generationStatus', (t) =>
  t.field({
    type: GenerationNode,
    description:
      'Sends the current state of a generation, then its state after every change, with increasing versions. Changes in quick succession may arrive as one event. Ends after COMPLETED, FAILED or CANCELLED. If fal corrects a failure to a success later, `changes` and `generation` show it.',
    args: {
      generationId: t.arg.id({ required: true, description: 'ID of the generation.' }),
      afterVersion: t.arg.int({
        description:
          'Last version that the caller has received. The current state is sent only if its version is higher.',
      }),
    },
    subscribe: async (_root, { generationId, afterVersion }, context, info) => {
      const { ownerId } = viewerOf(context);
      const version = versionFrom(afterVersion);
      const columns = [...columnsFor(info).Generation, 'version', 'status'] as const;
      return followRow(context, info, {
        id: generationId,
        listen: context.notifications.listen('generation', generationId),
        read: () => context.rows.generation(ownerId, generationId, columns),
        afterVersion: version,
        isLast: ({ status }) => isFinal(status),
      });
    },
    // Don't read the row again: the later version would be sent twice.
    resolve: (row) => row,
  }),
);

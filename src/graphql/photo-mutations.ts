import { builder, viewerOf } from './builder.ts';
import {
  createPhotoUploads,
  MAX_CAPTION_LENGTH,
  MAX_FILE_NAME_LENGTH,
  type PhotoUpload,
} from '../jobs/photos/create-photo-uploads.ts';
import { deletePhoto } from '../jobs/photos/delete-photo.ts';
import { errorsOf, refuseNotFound, unwrap } from './refusals.ts';
import { PHOTO_LIMITS } from '../domain/photo.ts';
import { PhotoSet, readPhotoSet, type PhotoSetShape } from './photo-set.ts';
import { MB } from '../values/units.ts';
import type { Context } from './context.ts';
import type { FieldPolicy, ListPolicy } from './policy/field-policy.ts';

const MAX_MB = PHOTO_LIMITS.bytes / MB;

const PhotoFileInput = builder.inputType('PhotoFileInput', {
  description: 'A file to upload.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: `Name of the file without its folder, 1 to ${MAX_FILE_NAME_LENGTH} characters. For display only: its extension is ignored.`,
    }),
    size: t.int({
      required: true,
      description: `Exact size of the file in bytes, at most ${MAX_MB} MB.`,
    }),
    caption: t.string({
      description: `Caption of the photo for the training, 1 to ${MAX_CAPTION_LENGTH} characters. Default: a caption by the trainer.`,
    }),
  }),
});

const CreatePhotoUploadsInput = builder.inputType('CreatePhotoUploadsInput', {
  description: 'Input of `createPhotoUploads`.',
  fields: (t) => ({
    avatarId: t.id({ required: true, description: 'ID of the avatar that the photos show.' }),
    files: t.field({
      type: [PhotoFileInput],
      required: true,
      description: `The files, 1 to ${PHOTO_LIMITS.count}.`,
    }),
  }),
});

const PhotoUploadType = builder.objectRef<PhotoUpload & { readonly url: string }>('PhotoUpload').implement({
  description: 'Destination of an upload.',
  fields: (t) => ({
    photoId: t.exposeID('photoId', { description: 'ID of the photo.' }),
    name: t.exposeString('name', { description: 'Name of the file, as given.' }),
    url: t.exposeString('url', {
      description:
        'URL for a PUT request with the bytes of the file as its body and no bearer token. Anyone with this URL can upload this one file, once.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Time at which the URL expires.' }),
  }),
});

async function photoSetOf(
  { avatarId }: { readonly avatarId: string },
  context: Context,
): Promise<PhotoSetShape> {
  return (await readPhotoSet(context, avatarId, null)) ?? refuseNotFound('The avatar has been deleted.');
}

builder.mutationField('createPhotoUploads', (t) =>
  t.field({
    type: builder
      .objectRef<{
        readonly uploads: readonly (PhotoUpload & { readonly url: string })[];
        readonly photoSet: PhotoSetShape;
      }>('CreatePhotoUploadsPayload')
      .implement({
        description: 'The photos are pending, and can be uploaded.',
        fields: (payload) => ({
          uploads: payload.expose('uploads', {
            type: [PhotoUploadType],
            description: 'One for each file, in the order of the input.',
            extensions: { maxEntries: PHOTO_LIMITS.count, ofRows: true } satisfies ListPolicy,
          }),
          photoSet: payload.expose('photoSet', { type: PhotoSet, description: 'Photos of the avatar.' }),
        }),
      }),
    description: `Creates pending photos of an avatar, each with a short-lived upload URL. Send each file with PUT, then follow the checks with the subscription \`photoSet\`. An avatar has at most ${PHOTO_LIMITS.count} photos of ${PHOTO_LIMITS.totalBytes / MB} MB together. A new photo replaces a pending one of the same name.`,
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof createPhotoUploads>({
      INVALID_INPUT: true,
      NOT_FOUND: true,
      LIMIT_EXCEEDED: true,
    }),
    args: {
      input: t.arg({ type: CreatePhotoUploadsInput, required: true, description: 'The files to upload.' }),
    },
    resolve: async (_root, { input }, context) => {
      const created = unwrap(await createPhotoUploads(context.deps, viewerOf(context).ownerId, input));
      const uploads = created.uploads.map((upload) => ({
        ...upload,
        url: context.uploadUrl(upload.token, context.host),
      }));
      return { uploads, photoSet: await photoSetOf(created, context) };
    },
  }),
);

const DeletePhotoInput = builder.inputType('DeletePhotoInput', {
  description: 'Input of `deletePhoto`.',
  fields: (t) => ({ photoId: t.id({ required: true, description: 'ID of the photo to delete.' }) }),
});

builder.mutationField('deletePhoto', (t) =>
  t.field({
    type: builder
      .objectRef<{ readonly deletedPhotoId: string; readonly photoSet: PhotoSetShape }>('DeletePhotoPayload')
      .implement({
        description: 'The photo and its file were deleted.',
        fields: (payload) => ({
          deletedPhotoId: payload.exposeID('deletedPhotoId', { description: 'ID of the deleted photo.' }),
          photoSet: payload.expose('photoSet', {
            type: PhotoSet,
            description: 'Other photos of the avatar.',
          }),
        }),
      }),
    description: 'Deletes a photo in any state. A training under way keeps its copy of the photo at fal.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof deletePhoto>({ NOT_FOUND: true }),
    args: { input: t.arg({ type: DeletePhotoInput, required: true, description: 'The photo to delete.' }) },
    resolve: async (_root, { input }, context) => {
      const deleted = unwrap(await deletePhoto(context.deps, viewerOf(context).ownerId, input.photoId));
      return { deletedPhotoId: deleted.deletedPhotoId, photoSet: await photoSetOf(deleted, context) };
    },
  }),
);

import { builder, viewerOf } from './builder.ts';
import { deleteAvatar, type DeletionReceipt } from '../jobs/delete-avatar.ts';
import { errorsOf, unwrap } from './refusals.ts';
import type { FieldPolicy } from './policy/field-policy.ts';

const FileAtFal = builder.objectRef<DeletionReceipt['atFal'][number]>('FileAtFal').implement({
  description: 'A file that is still at fal.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'URL of the file. Anyone with this URL can fetch it.' }),
    until: t.expose('until', {
      type: 'DateTime',
      nullable: true,
      description:
        'Time at which fal deletes the file, by the current settings of this server. Null if the account at fal determines the time.',
    }),
  }),
});

const DeletionReceiptType = builder.objectRef<DeletionReceipt>('DeletionReceipt').implement({
  description: 'Record of a deletion: the data that was deleted with an avatar, and the files that remain.',
  fields: (t) => ({
    generations: t.exposeInt('generations', { description: 'Number of deleted generations.' }),
    trainings: t.exposeInt('trainings', { description: 'Number of deleted trainings.' }),
    photos: t.exposeInt('photos', { description: 'Number of deleted photos, in any state.' }),
    files: t.exposeInt('files', {
      description:
        'Number of files that were deleted from this server’s storage: photos, and copies of files.',
    }),
    bytes: t.exposeFloat('bytes', {
      description: 'Total size of the deleted photos, as uploaded, and copies, in bytes. A whole number.',
    }),
    filesLeft: t.exposeInt('filesLeft', {
      description:
        'Number of files that could not be deleted yet. They are no longer readable, and this server deletes them within hours.',
    }),
    atFal: t.expose('atFal', {
      type: [FileAtFal],
      description:
        'Files of the avatar that fal still has: zips of photos that this server uploaded for its trainings, LoRA files, images; at most 1,000. A finetune is not a file; fal does not document how long it keeps one.',
    }),
  }),
});

const DeleteAvatarInput = builder.inputType('DeleteAvatarInput', {
  description: 'Input of `deleteAvatar`.',
  fields: (t) => ({ avatarId: t.id({ required: true, description: 'ID of the avatar to delete.' }) }),
});

const DeleteAvatarPayload = builder
  .objectRef<{ readonly deletedAvatarId: string; readonly receipt: DeletionReceipt }>('DeleteAvatarPayload')
  .implement({
    description: 'The avatar and its generations were deleted.',
    fields: (t) => ({
      deletedAvatarId: t.exposeID('deletedAvatarId', { description: 'ID of the deleted avatar.' }),
      receipt: t.expose('receipt', {
        type: DeletionReceiptType,
        description: 'Record of the deletion.',
      }),
    }),
  });

builder.mutationField('deleteAvatar', (t) =>
  t.field({
    type: DeleteAvatarPayload,
    description:
      'Deletes an avatar with its generations, trainings, photos and copied files, and cancels its runs under way.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof deleteAvatar>({ NOT_FOUND: true }),
    args: { input: t.arg({ type: DeleteAvatarInput, required: true, description: 'The avatar to delete.' }) },
    resolve: async (_root, { input }, context) =>
      unwrap(await deleteAvatar(context.jobs, viewerOf(context).ownerId, input.avatarId)),
  }),
);

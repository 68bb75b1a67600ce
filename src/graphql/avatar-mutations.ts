import { avatarAfter, avatarPayload } from './mutation-payloads.ts';
import { builder, viewerOf } from './builder.ts';
import { createAvatar } from '../jobs/create-avatar.ts';
import { deleteAvatar, MAX_FILES_LISTED, type DeletionReceipt } from '../jobs/delete-avatar.ts';
import { errorsOf, unwrap } from './refusals.ts';
import { importAvatar } from '../jobs/import-avatar.ts';
import {
  MAX_EXTERNAL_ID_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TAG_LENGTH,
  MAX_TAGS,
  MAX_TRIGGER_LENGTH,
} from '../jobs/parse-input.ts';
import { TrainerEnum, TrainingTypeEnum } from './trainer.ts';
import { updateAvatar } from '../jobs/update-avatar.ts';
import type { FieldPolicy, ListPolicy } from './policy/field-policy.ts';
import type { InputFields } from './builder.ts';

const TAGS = `Tags: at most ${MAX_TAGS}, each of 1 to ${MAX_TAG_LENGTH} characters. Repeated tags count once.`;

/** Of every mutation that makes an avatar. */
function newAvatarFields(t: InputFields) {
  return {
    name: t.string({
      required: true,
      description: `Name of the avatar, 1 to ${MAX_NAME_LENGTH} characters.`,
    }),
    externalId: t.string({
      description: `The caller’s own ID of the avatar, 1 to ${MAX_EXTERNAL_ID_LENGTH} characters. Refused with CONFLICT if another avatar of the caller has it.`,
    }),
    tags: t.stringList({ description: `${TAGS} Default: none.` }),
    idempotencyKey: t.string({
      description:
        'Idempotency key, unique per caller among those of `createAvatar` and `importAvatar`. A repeated call with the same key and input creates nothing and returns the current state of the first call’s avatar, or NOT_FOUND if it has been deleted. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key.',
    }),
  };
}

const CreateAvatarInput = builder.inputType('CreateAvatarInput', {
  description: 'Input of `createAvatar`.',
  fields: (t) => ({
    ...newAvatarFields(t),
    trainingType: t.field({
      type: TrainingTypeEnum,
      required: true,
      description: 'Subject of the avatar’s trainings.',
    }),
    triggerPhrase: t.string({
      description: `Phrase that refers to the avatar in a prompt, 1 to ${MAX_TRIGGER_LENGTH} characters. Default: a generated, unique phrase.`,
    }),
  }),
});

builder.mutationField('createAvatar', (t) =>
  t.field({
    type: avatarPayload('CreateAvatarPayload', 'The avatar was created.'),
    description: 'Creates an avatar without an artifact. Use `startTraining` to train it.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof createAvatar>({
      INVALID_INPUT: true,
      NOT_FOUND: true,
      CONFLICT: true,
      IDEMPOTENCY_CONFLICT: true,
      LIMIT_EXCEEDED: true,
    }),
    args: { input: t.arg({ type: CreateAvatarInput, required: true, description: 'The avatar to create.' }) },
    resolve: async (_root, { input }, context, info) =>
      avatarAfter(context, info, await createAvatar(context.deps, viewerOf(context).ownerId, input)),
  }),
);

const UpdateAvatarInput = builder.inputType('UpdateAvatarInput', {
  description: 'Input of `updateAvatar`. Absent fields stay as they are.',
  fields: (t) => ({
    avatarId: t.id({ required: true, description: 'ID of the avatar to change.' }),
    name: t.string({ description: `New name, 1 to ${MAX_NAME_LENGTH} characters.` }),
    triggerPhrase: t.string({
      description: `New trigger phrase, 1 to ${MAX_TRIGGER_LENGTH} characters. Refused with CONFLICT while a run of the avatar is under way. The current artifact knows the old phrase only: train again, or its images may not show the avatar.`,
    }),
    externalId: t.string({
      description: `New external ID, 1 to ${MAX_EXTERNAL_ID_LENGTH} characters; null removes it. Refused with CONFLICT if another avatar of the caller has it.`,
    }),
    tags: t.stringList({ description: `${TAGS} They replace all earlier tags.` }),
  }),
});

builder.mutationField('updateAvatar', (t) =>
  t.field({
    type: avatarPayload('UpdateAvatarPayload', 'The avatar has the given values.'),
    description:
      'Changes the name, trigger phrase, external ID or tags of an avatar. A call that changes nothing does not increase `Avatar.version`.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof updateAvatar>({ INVALID_INPUT: true, NOT_FOUND: true, CONFLICT: true }),
    args: { input: t.arg({ type: UpdateAvatarInput, required: true, description: 'The changes.' }) },
    resolve: async (_root, { input }, context, info) =>
      avatarAfter(context, info, await updateAvatar(context.deps, viewerOf(context).ownerId, input)),
  }),
);

const ImportAvatarInput = builder.inputType('ImportAvatarInput', {
  description: 'Input of `importAvatar`.',
  fields: (t) => ({
    ...newAvatarFields(t),
    trainingType: t.field({
      type: TrainingTypeEnum,
      required: true,
      description: 'Subject that the artifact was trained for.',
    }),
    trainer: t.field({
      type: TrainerEnum,
      required: true,
      description:
        'Trainer that made the artifact, or one with the same generator. It determines the endpoint of generations.',
    }),
    loraUrl: t.string({
      description:
        'http(s) URL of the LoRA file, in the format safetensors, up to 5 GB, at a public address. Required for a trainer that makes a LoRA; it must remain available, because fal fetches it for every image. This server checks its header with one request.',
    }),
    finetuneId: t.string({
      description:
        'ID of the finetune at fal, 1 to 256 characters. Required for a trainer that makes a finetune. Only its format is checked: if it does not exist, the first generation fails.',
    }),
    triggerPhrase: t.string({
      required: true,
      description: `Phrase that the artifact was trained with, 1 to ${MAX_TRIGGER_LENGTH} characters.`,
    }),
  }),
});

builder.mutationField('importAvatar', (t) =>
  t.field({
    type: avatarPayload('ImportAvatarPayload', 'The avatar was created and can generate images.'),
    description:
      'Creates an avatar from an artifact that was trained elsewhere. It can generate images at once. It has no training, so `promote` cannot return to this artifact after a training.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof importAvatar>({
      INVALID_INPUT: true,
      NOT_FOUND: true,
      CONFLICT: true,
      IDEMPOTENCY_CONFLICT: true,
      LIMIT_EXCEEDED: true,
    }),
    args: { input: t.arg({ type: ImportAvatarInput, required: true, description: 'The avatar to import.' }) },
    resolve: async (_root, { input }, context, info) =>
      avatarAfter(context, info, await importAvatar(context.deps, viewerOf(context).ownerId, input)),
  }),
);

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
        'Files of the avatar that fal still has: zips of photos that this server uploaded for its trainings, LoRA files, images; at most 1,000. Images of generations that were deleted before are not listed. A finetune is not a file; fal does not document how long it keeps one.',
      extensions: { maxEntries: MAX_FILES_LISTED } satisfies ListPolicy,
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
      unwrap(await deleteAvatar(context.deps, viewerOf(context).ownerId, input.avatarId)),
  }),
);

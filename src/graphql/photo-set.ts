import { adviceFor, countPhotos } from '../domain/photo-set.ts';
import { builder, viewerOf } from './builder.ts';
import { described } from './described.ts';
import { followRow } from './follow-row.ts';
import type { EventPolicy, ExpiryPolicy, ListPolicy } from './policy/field-policy.ts';
import { defaultTrainer } from '../jobs/default-trainers.ts';
import { isId } from '../jobs/ids.ts';
import {
  PHOTO_LIMITS,
  PHOTO_REASONS,
  PHOTO_WARNINGS,
  REASON_TEXTS,
  WARNING_TEXTS,
  type PhotoReason,
  type PhotoWarning,
} from '../domain/photo.ts';
import { TrainerEnum } from './trainer.ts';
import { versionFrom } from './stream.ts';
import type { Context } from './context.ts';
import type { PhotoCounts } from '../domain/photo-set.ts';
import type { TrainerName } from '../catalog/trainers.ts';
import type { Photo } from '../generated/prisma/client.ts';

const PhotoStateEnum = builder.enumType('PhotoState', {
  description: 'State of a photo.',
  values: {
    PENDING: { description: 'The photo is not uploaded yet, or is being checked.' },
    ACCEPTED: { description: 'The next training may use the photo.' },
    REFUSED: { description: 'The file cannot be used and is not stored. See `code`.' },
  },
});

const PhotoRefusalEnum = builder.enumType('PhotoRefusalCode', {
  description: 'Reason why a photo was refused.',
  values: described(REASON_TEXTS),
});

const PhotoWarningEnum = builder.enumType('PhotoWarningCode', {
  description: 'Weakness of an accepted photo.',
  values: described(WARNING_TEXTS),
});

const PhotoWarningType = builder.objectRef<{ readonly code: PhotoWarning }>('PhotoWarning').implement({
  description: 'Weakness of an accepted photo. A training may use the photo.',
  fields: (t) => ({
    code: t.expose('code', { type: PhotoWarningEnum, description: 'Machine-readable reason.' }),
    message: t.string({
      description: 'Human-readable message.',
      resolve: ({ code }) => WARNING_TEXTS[code],
    }),
  }),
});

const PhotoType = builder.objectRef<Photo>('Photo').implement({
  description: 'A photo to train an avatar with. Its EXIF data, such as location and camera, is not stored.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'ID of the photo. Starts with `pho_`.' }),
    name: t.exposeString('name', { description: 'Name of the file, as given by the caller.' }),
    caption: t.exposeString('caption', { nullable: true, description: 'Caption for the training.' }),
    state: t.expose('state', { type: PhotoStateEnum, description: 'State of the photo.' }),
    url: t.string({
      nullable: true,
      description:
        'URL of the stored photo: an upright JPEG whose longer side has at most 2048 pixels. Anyone with this URL can fetch it. It expires after one to two hours, or when the photo is deleted: read the set again for a new URL. Null unless accepted.',
      extensions: { expires: true } satisfies ExpiryPolicy,
      resolve: ({ id, state }, _args, { fileUrl, host }) =>
        state === 'ACCEPTED' ? fileUrl({ photoId: id }, host) : null,
    }),
    code: t.field({
      type: PhotoRefusalEnum,
      nullable: true,
      description: 'Reason for the refusal. Null unless `state` is REFUSED.',
      resolve: reasonOf,
    }),
    message: t.string({
      nullable: true,
      description: 'Human-readable reason. Null unless `state` is REFUSED.',
      resolve: (photo) => {
        const reason = reasonOf(photo);
        return reason && REASON_TEXTS[reason];
      },
    }),
    warnings: t.field({
      type: [PhotoWarningType],
      description: 'Weaknesses of an accepted photo.',
      extensions: { maxEntries: PHOTO_WARNINGS.length } satisfies ListPolicy,
      resolve: (photo) => warningsOf(photo).map((code) => ({ code })),
    }),
    size: t.exposeInt('size', { description: 'Size of the uploaded file in bytes.' }),
    width: t.exposeInt('width', {
      nullable: true,
      description: 'Width of the uploaded photo in pixels, after rotation to upright. Null unless accepted.',
    }),
    height: t.exposeInt('height', {
      nullable: true,
      description: 'Height of the uploaded photo in pixels, after rotation to upright. Null unless accepted.',
    }),
    contentType: t.exposeString('contentType', {
      nullable: true,
      description: 'Media type of the uploaded file, detected from its bytes. Null unless accepted.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'Time at which the photo is deleted automatically; for a pending photo, time at which its upload URL expires. Null if the photo is never deleted automatically.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'Time of the `createPhotoUploads` call.',
    }),
  }),
});

function reasonOf({ reasonCode }: Photo): PhotoReason | null {
  return PHOTO_REASONS.find((known) => known === reasonCode) ?? null;
}

function warningsOf({ warningCodes }: Photo): readonly PhotoWarning[] {
  return PHOTO_WARNINGS.filter((known) => warningCodes.includes(known));
}

export type PhotoSetShape = {
  readonly avatarId: string;
  readonly version: number;
  readonly trainer: TrainerName;
  readonly needs: PhotoCounts;
  readonly photos: readonly Photo[];
};

const views = ({ photos }: PhotoSetShape) =>
  photos.map(({ state, warningCodes }) => ({ state, warnings: warningCodes }));
const counts = (set: PhotoSetShape) => countPhotos(views(set));

export const PhotoSet = builder.objectRef<PhotoSetShape>('PhotoSet').implement({
  description: 'Photos of an avatar, with the requirements of a trainer.',
  fields: (t) => ({
    avatarId: t.exposeID('avatarId', { description: 'ID of the avatar.' }),
    version: t.exposeInt('version', {
      description: 'Version number of the set. Increases with every change of a photo.',
    }),
    trainer: t.expose('trainer', { type: TrainerEnum, description: 'Trainer whose requirements apply.' }),
    photos: t.expose('photos', {
      type: [PhotoType],
      description: 'All photos, oldest first.',
      extensions: { maxEntries: PHOTO_LIMITS.rows, ofRows: true } satisfies ListPolicy,
    }),
    accepted: t.int({ description: 'Number of accepted photos.', resolve: (set) => counts(set).accepted }),
    pending: t.int({ description: 'Number of pending photos.', resolve: (set) => counts(set).pending }),
    refused: t.int({ description: 'Number of refused photos.', resolve: (set) => counts(set).refused }),
    minimum: t.int({
      description: 'Number of accepted photos that `startTraining` requires.',
      resolve: ({ needs }) => needs.minimum,
    }),
    recommended: t.int({
      description: 'Recommended number of photos.',
      resolve: ({ needs }) => needs.recommended,
    }),
    isEnough: t.boolean({
      description: 'Whether `startTraining` has enough photos.',
      resolve: (set) => counts(set).accepted >= set.needs.minimum,
    }),
    advice: t.stringList({
      description: 'Photos to add or to replace, one sentence each.',
      resolve: (set) => adviceFor(views(set), set.needs),
    }),
  }),
});

/** Null when the viewer has no such avatar. */
export async function readPhotoSet(
  context: Context,
  avatarId: string,
  requested: TrainerName | null | undefined,
): Promise<PhotoSetShape | null> {
  if (!isId(avatarId)) return null;
  const avatar = await context.prisma.avatar.findFirst({
    where: { id: avatarId, ownerId: viewerOf(context).ownerId },
    select: { photosVersion: true, trainingType: true, photos: { orderBy: { id: 'asc' } } },
  });
  if (avatar === null) return null;
  const { photosVersion: version, trainingType, photos } = avatar;
  const { deps } = context;
  const trainer =
    requested == null ? (await defaultTrainer(deps, trainingType)).trainer : deps.catalog.trainer(requested);
  if (trainer === null) throw new Error(`the catalog has no trainer ${requested ?? ''}`);
  return { avatarId, version, photos, trainer: trainer.name, needs: trainer.photos };
}

const TRAINER = 'Trainer whose requirements apply. Default: the default trainer of `startTraining`.';

builder.queryField('photoSet', (t) =>
  t.field({
    type: PhotoSet,
    nullable: true,
    description: 'Photos of an avatar of the caller. Null if the avatar is not found.',
    args: {
      avatarId: t.arg.id({ required: true, description: 'ID of the avatar.' }),
      trainer: t.arg({ type: TrainerEnum, description: TRAINER }),
    },
    resolve: (_root, { avatarId, trainer }, context) => readPhotoSet(context, avatarId, trainer),
  }),
);

/** All fields of a set with as many photos as are allowed cost 3,500. It changes only when its owner changes a photo. */
const MAX_EVENT_COST = 5000;

builder.subscriptionField('photoSet', (t) =>
  t.field({
    type: PhotoSet,
    description:
      'Sends the photo set of an avatar, then its state after every change, with increasing versions. Changes in quick succession may arrive as one event. Ends when the avatar is deleted.',
    args: {
      avatarId: t.arg.id({ required: true, description: 'ID of the avatar.' }),
      trainer: t.arg({ type: TrainerEnum, description: TRAINER }),
      afterVersion: t.arg.int({
        description:
          'Last version that the caller has received. The current state is sent only if its version is higher.',
      }),
    },
    extensions: { maxEventCost: MAX_EVENT_COST } satisfies EventPolicy,
    subscribe: (_root, { avatarId, trainer, afterVersion }, context, info) =>
      followRow(context, info, {
        id: avatarId,
        listen: context.notifications.listen('photoSet', avatarId),
        read: () => readPhotoSet(context, avatarId, trainer),
        afterVersion: versionFrom(afterVersion),
      }),
    resolve: (set) => set,
  }),
);

import { AvatarNode } from './avatar.ts';
import { builder, viewerOf } from './builder.ts';
import { columnsFor } from './columns.ts';
import { DRY_RUN, orDryRun, unlessDryRun } from './dry-run.ts';
import { errorsOf, refuseNotFound } from './refusals.ts';
import {
  MAX_EXTERNAL_ID_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TAG_LENGTH,
  MAX_TAGS,
  MAX_TRIGGER_LENGTH,
} from '../jobs/parse-input.ts';
import { TrainerEnum, TrainingTypeEnum } from './trainer.ts';
import type { DryRun } from '../jobs/dry-run.ts';
import type { InputFields } from './builder.ts';
import type { RefusalCode, Result } from '../domain/user-error.ts';
import type { FieldPolicy } from './policy/field-policy.ts';
import { cancelTraining } from '../jobs/cancel-training.ts';
import { createAvatar } from '../jobs/create-avatar.ts';
import { startTraining } from '../jobs/start-training.ts';
import { updateAvatar } from '../jobs/update-avatar.ts';
import type { Avatar } from '../generated/prisma/client.ts';
import type { Context } from './context.ts';
import type { GraphQLResolveInfo } from 'graphql';

export const IDEMPOTENCY_KEY =
  'Idempotency key, unique per caller. A repeated call with the same key and input starts nothing and returns the current state of the first call’s result. A different input is refused with IDEMPOTENCY_CONFLICT. A refused call does not use up its key.';

export function avatarPayload(name: string, description: string) {
  return builder.objectRef<{ readonly avatar: Avatar }>(name).implement({
    description,
    fields: (t) => ({
      avatar: t.expose('avatar', { type: AvatarNode, description: 'Current state of the avatar.' }),
    }),
  });
}

export async function avatarAfter(
  context: Context,
  info: GraphQLResolveInfo,
  answer: Result<{ readonly avatarId: string } | { readonly dryRun: DryRun }, RefusalCode>,
): Promise<{ avatar: Avatar }> {
  const { avatarId: id } = unlessDryRun(answer);
  const avatar = await context.rows.avatar(viewerOf(context).ownerId, id, columnsFor(info).Avatar);
  return { avatar: avatar ?? refuseNotFound('The avatar has been deleted.') };
}

const TAGS = `Tags: at most ${MAX_TAGS}, each of 1 to ${MAX_TAG_LENGTH} characters. Repeated tags count once.`;

/** Of every mutation that makes an avatar. */
export function newAvatarFields(t: InputFields) {
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
      avatarAfter(context, info, await createAvatar(context.jobs, viewerOf(context).ownerId, input)),
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
      avatarAfter(context, info, await updateAvatar(context.jobs, viewerOf(context).ownerId, input)),
  }),
);

const StartTrainingInput = builder.inputType('StartTrainingInput', {
  description: 'Input of `startTraining`.',
  fields: (t) => ({
    avatarId: t.id({ required: true, description: 'ID of the avatar to train.' }),
    imagesUrl: t.string({
      description:
        'http(s) URL of a zip archive of photos. fal must be able to fetch it without credentials. Default: the accepted photos of the avatar, which are uploaded to fal during the call; fal deletes them after two days.',
    }),
    keepPhotos: t.boolean({
      description:
        'Whether to keep the photos of the avatar after a successful training. By default they are deleted. Not allowed together with `imagesUrl`.',
    }),
    steps: t.int({ description: 'Number of training steps. Limits and default: see the `trainers` query.' }),
    trainer: t.field({
      type: TrainerEnum,
      description: 'Trainer to use. Default: see `defaultFor` in the `trainers` query.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
    dryRun: t.boolean({ defaultValue: false, description: DRY_RUN }),
  }),
});

builder.mutationField('startTraining', (t) =>
  t.field({
    type: avatarPayload(
      'StartTrainingPayload',
      'The training was submitted. If `avatar.error` is set, fal may not have received it.',
    ),
    description:
      'Starts a training. Returns when fal has accepted it; subscribe to `avatarStatus` for its progress. The previous artifact stays usable while the training runs.',
    extensions: { startsRun: true } satisfies FieldPolicy,
    errors: orDryRun(
      errorsOf<typeof startTraining>({
        INVALID_INPUT: true,
        NOT_FOUND: true,
        CONFLICT: true,
        IDEMPOTENCY_CONFLICT: true,
        LIMIT_EXCEEDED: true,
        PROVIDER_REJECTED: true,
        PROVIDER_UNAVAILABLE: true,
      }),
    ),
    args: {
      input: t.arg({ type: StartTrainingInput, required: true, description: 'The training to start.' }),
    },
    resolve: async (_root, { input }, context, info) =>
      avatarAfter(context, info, await startTraining(context.jobs, viewerOf(context).ownerId, input)),
  }),
);

const CancelTrainingInput = builder.inputType('CancelTrainingInput', {
  description: 'Input of `cancelTraining`.',
  fields: (t) => ({
    avatarId: t.id({ required: true, description: 'ID of the avatar whose training to cancel.' }),
  }),
});

builder.mutationField('cancelTraining', (t) =>
  t.field({
    type: avatarPayload('CancelTrainingPayload', 'The cancellation was recorded and requested from fal.'),
    description:
      'Requests the cancellation of the training under way. The avatar becomes CANCELLED when fal has stopped the training, or COMPLETED if it had already completed.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof cancelTraining>({ NOT_FOUND: true, CONFLICT: true }),
    args: {
      input: t.arg({ type: CancelTrainingInput, required: true, description: 'The training to cancel.' }),
    },
    resolve: async (_root, { input }, context, info) =>
      avatarAfter(
        context,
        info,
        await cancelTraining(context.jobs, viewerOf(context).ownerId, input.avatarId),
      ),
  }),
);

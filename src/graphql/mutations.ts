import { AvatarNode } from './avatar.ts';
import { builder, viewerOf } from './builder.ts';
import { unwrap, errorsOf, NotFoundError } from './refusals.ts';
import { GenerationNode } from './generation.ts';
import {
  MAX_IMAGES,
  MAX_NAME_LENGTH,
  MAX_PROMPT_LENGTH,
  MAX_TRIGGER_LENGTH,
  MAX_WAIT_SECONDS,
} from '../jobs/parse-input.ts';
import { TrainerEnum, TrainingTypeEnum } from './trainer.ts';
import type { RefusalCode, Result } from '../domain/user-error.ts';
import type { FieldPolicy } from './policy/field-policy.ts';
import { cancelTraining } from '../jobs/cancel-training.ts';
import { createAvatar } from '../jobs/create-avatar.ts';
import { deleteAvatar } from '../jobs/delete-avatar.ts';
import { generateImage } from '../jobs/generate-image.ts';
import { startTraining } from '../jobs/start-training.ts';
import type { Avatar, Generation } from '../generated/prisma/client.ts';
import type { Context } from './context.ts';

const IDEMPOTENCY_KEY =
  'A text of the caller’s choice, unique among the caller’s. A repeat with the same key and input starts nothing and gets what the first call made, as it is now; with another input it gets IDEMPOTENCY_CONFLICT. A refused call leaves its key free.';

function avatarPayload(name: string, description: string) {
  return builder.objectRef<{ readonly avatar: Avatar }>(name).implement({
    description,
    fields: (t) => ({
      avatar: t.expose('avatar', { type: AvatarNode, description: 'The avatar as it is now.' }),
    }),
  });
}

/** The row that a payload shows. It may have been deleted since it was written; then there is nothing to show. */
async function avatarAfter(
  context: Context,
  answer: Result<{ readonly avatarId: string }, RefusalCode>,
): Promise<{ avatar: Avatar }> {
  const { avatarId: id } = unwrap(answer);
  const avatar = await context.prisma.avatar.findFirst({ where: { id, ownerId: viewerOf(context).ownerId } });
  return { avatar: avatar ?? throwNotFound('The avatar was deleted meanwhile.') };
}

function throwNotFound(message: string): never {
  throw new NotFoundError({ code: 'NOT_FOUND', message });
}

const CreateAvatarInput = builder.inputType('CreateAvatarInput', {
  description: 'A new avatar.',
  fields: (t) => ({
    name: t.string({ required: true, description: `1 to ${MAX_NAME_LENGTH} characters.` }),
    trainingType: t.field({ type: TrainingTypeEnum, required: true, description: 'What it is to show.' }),
    triggerPhrase: t.string({
      description: `The text it will answer to in a prompt, 1 to ${MAX_TRIGGER_LENGTH} characters. Left out: a unique one is made.`,
    }),
  }),
});

builder.mutationField('createAvatar', (t) =>
  t.field({
    type: avatarPayload('CreateAvatarPayload', 'An avatar was made.'),
    description: 'Makes an avatar. It can be trained from then on.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof createAvatar>({
      INVALID_INPUT: true,
      NOT_FOUND: true,
      LIMIT_EXCEEDED: true,
    }),
    args: { input: t.arg({ type: CreateAvatarInput, required: true, description: 'What to make.' }) },
    resolve: async (_root, { input }, context) =>
      avatarAfter(context, await createAvatar(context.jobs, viewerOf(context).ownerId, input)),
  }),
);

const StartTrainingInput = builder.inputType('StartTrainingInput', {
  description: 'A training.',
  fields: (t) => ({
    avatarId: t.id({ required: true, description: 'Whom to train.' }),
    imagesUrl: t.string({
      required: true,
      description: 'An http(s) URL from which fal can fetch a zip of photos without signing in.',
    }),
    steps: t.int({ description: 'How long to train; left out: the trainer’s default.' }),
    trainer: t.field({
      type: TrainerEnum,
      description: 'Who trains; left out: the default for the training type.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

builder.mutationField('startTraining', (t) =>
  t.field({
    type: avatarPayload('StartTrainingPayload', 'fal has the training, or may have it.'),
    description:
      'Starts a training and returns once fal has it; watch avatarStatus for the rest. While a new training runs, the last good artefact goes on generating.',
    extensions: { startsRun: true } satisfies FieldPolicy,
    errors: errorsOf<typeof startTraining>({
      INVALID_INPUT: true,
      NOT_FOUND: true,
      CONFLICT: true,
      IDEMPOTENCY_CONFLICT: true,
      LIMIT_EXCEEDED: true,
      PROVIDER_REJECTED: true,
      PROVIDER_UNAVAILABLE: true,
    }),
    args: { input: t.arg({ type: StartTrainingInput, required: true, description: 'What to start.' }) },
    resolve: async (_root, { input }, context) =>
      avatarAfter(context, await startTraining(context.jobs, viewerOf(context).ownerId, input)),
  }),
);

const CancelTrainingInput = builder.inputType('CancelTrainingInput', {
  description: 'The training to stop.',
  fields: (t) => ({ avatarId: t.id({ required: true, description: 'Whose training to stop.' }) }),
});

builder.mutationField('cancelTraining', (t) =>
  t.field({
    type: avatarPayload('CancelTrainingPayload', 'The cancel is stored, and fal is told.'),
    description:
      'Asks fal to stop the training that is on its way. The avatar becomes CANCELLED when fal has stopped it, or COMPLETED when it was too late.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof cancelTraining>({ NOT_FOUND: true, CONFLICT: true }),
    args: { input: t.arg({ type: CancelTrainingInput, required: true, description: 'What to stop.' }) },
    resolve: async (_root, { input }, context) =>
      avatarAfter(context, await cancelTraining(context.jobs, viewerOf(context).ownerId, input.avatarId)),
  }),
);

const DeleteAvatarInput = builder.inputType('DeleteAvatarInput', {
  description: 'The avatar to delete.',
  fields: (t) => ({ avatarId: t.id({ required: true, description: 'What to delete.' }) }),
});

const DeleteAvatarPayload = builder
  .objectRef<{ readonly deletedAvatarId: string }>('DeleteAvatarPayload')
  .implement({
    description: 'The avatar and its generations are gone.',
    fields: (t) => ({
      deletedAvatarId: t.exposeID('deletedAvatarId', { description: 'The id it had.' }),
    }),
  });

builder.mutationField('deleteAvatar', (t) =>
  t.field({
    type: DeleteAvatarPayload,
    description: 'Deletes an avatar and its generations, and cancels what is under way for it.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof deleteAvatar>({ NOT_FOUND: true }),
    args: { input: t.arg({ type: DeleteAvatarInput, required: true, description: 'What to delete.' }) },
    resolve: async (_root, { input }, context) =>
      unwrap(await deleteAvatar(context.jobs, viewerOf(context).ownerId, input.avatarId)),
  }),
);

const GenerateImageInput = builder.inputType('GenerateImageInput', {
  description: 'A generation.',
  fields: (t) => ({
    avatarId: t.id({ required: true, description: 'Whom to draw.' }),
    prompt: t.string({
      required: true,
      description: `What to draw, 1 to ${MAX_PROMPT_LENGTH} characters. The trigger phrase is added where it is missing.`,
    }),
    numImages: t.int({ defaultValue: 1, description: `How many images, 1 to ${MAX_IMAGES}.` }),
    seed: t.int({
      description:
        'A whole number from 0 to 2147483647; the same seed and prompt draw the same image. Left out: fal picks one, which may be larger and cannot be given here.',
    }),
    strength: t.float({
      description: 'How strongly the artefact shows: 0 to 4 for a LoRA, 0 to 2 for a finetune. Left out: 1.',
    }),
    waitSeconds: t.int({
      defaultValue: 0,
      description: `How long to wait for the images before returning, 0 to ${MAX_WAIT_SECONDS}. Returns as soon as they are there.`,
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const GenerateImagePayload = builder
  .objectRef<{ readonly generation: Generation }>('GenerateImagePayload')
  .implement({
    description: 'fal has the generation, or may have it.',
    fields: (t) => ({
      generation: t.expose('generation', {
        type: GenerationNode,
        description: 'The generation as it is now.',
      }),
    }),
  });

builder.mutationField('generateImage', (t) =>
  t.field({
    type: GenerateImagePayload,
    description:
      'Draws images of an avatar that has an artefact. Returns once fal has the run (or after waitSeconds); watch generationStatus for the rest.',
    extensions: { startsRun: true } satisfies FieldPolicy,
    errors: errorsOf<typeof generateImage>({
      INVALID_INPUT: true,
      NOT_FOUND: true,
      NOT_READY: true,
      IDEMPOTENCY_CONFLICT: true,
      LIMIT_EXCEEDED: true,
      PROVIDER_REJECTED: true,
      PROVIDER_UNAVAILABLE: true,
    }),
    args: { input: t.arg({ type: GenerateImageInput, required: true, description: 'What to draw.' }) },
    resolve: async (_root, { input }, context) => {
      const { ownerId } = viewerOf(context);
      const { generationId: id } = unwrap(await generateImage(context.jobs, ownerId, input));
      const generation = await context.prisma.generation.findFirst({ where: { id, ownerId } });
      return { generation: generation ?? throwNotFound('The avatar was deleted meanwhile.') };
    },
  }),
);

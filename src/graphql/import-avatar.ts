import { avatarAfter, avatarPayload, newAvatarFields } from './mutations.ts';
import { builder, viewerOf } from './builder.ts';
import { errorsOf } from './refusals.ts';
import { importAvatar } from '../jobs/import-avatar.ts';
import { MAX_TRIGGER_LENGTH } from '../jobs/parse-input.ts';
import { TrainerEnum, TrainingTypeEnum } from './trainer.ts';
import type { FieldPolicy } from './policy/field-policy.ts';

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
      avatarAfter(context, info, await importAvatar(context.jobs, viewerOf(context).ownerId, input)),
  }),
);

import { avatarAfter, avatarPayload, IDEMPOTENCY_KEY } from './mutation-payloads.ts';
import { builder, viewerOf } from './builder.ts';
import { cancelTraining } from '../jobs/cancel-training.ts';
import { DRY_RUN, orDryRun } from './dry-run.ts';
import { errorsOf } from './refusals.ts';
import { promote } from '../jobs/promote.ts';
import { startTraining } from '../jobs/start-training.ts';
import { TrainerEnum } from './trainer.ts';
import type { FieldPolicy } from './policy/field-policy.ts';

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
      avatarAfter(context, info, await startTraining(context.deps, viewerOf(context).ownerId, input)),
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
        await cancelTraining(context.deps, viewerOf(context).ownerId, input.avatarId),
      ),
  }),
);

const PromoteInput = builder.inputType('PromoteInput', {
  description: 'Input of `promote`.',
  fields: (t) => ({
    trainingId: t.id({ required: true, description: 'ID of the training whose artifact to use.' }),
  }),
});

builder.mutationField('promote', (t) =>
  t.field({
    type: avatarPayload('PromotePayload', 'The artifact of the training is current.'),
    description:
      'Makes the artifact of a training the current artifact of its avatar, for example to return to an older one. Changes nothing if it is already current. A training under way replaces it on completion.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof promote>({ NOT_FOUND: true, NOT_READY: true }),
    args: { input: t.arg({ type: PromoteInput, required: true, description: 'The training to use.' }) },
    resolve: async (_root, { input }, context, info) =>
      avatarAfter(context, info, await promote(context.deps, viewerOf(context).ownerId, input.trainingId)),
  }),
);

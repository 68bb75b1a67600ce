import { avatarAfter, avatarPayload } from './mutations.ts';
import { builder, viewerOf } from './builder.ts';
import { errorsOf } from './refusals.ts';
import { promote } from '../jobs/promote.ts';
import type { FieldPolicy } from './policy/field-policy.ts';

const PromoteInput = builder.inputType('PromoteInput', {
  description: 'Input of `promote`.',
  fields: (t) => ({
    trainingId: t.id({ required: true, description: 'ID of the training whose artifact to use.' }),
  }),
});

builder.mutationField('promote', (t) =>
  t.field({
    type: avatarPayload('PromotePayload', 'The avatar has the artifact of the training.'),
    description:
      'Makes the artifact of a training the one that its avatar generates images from, to return to an older artifact. Changes nothing if it is that one already. A training that is under way replaces it when it completes.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof promote>({ NOT_FOUND: true, NOT_READY: true }),
    args: { input: t.arg({ type: PromoteInput, required: true, description: 'The training to use.' }) },
    resolve: async (_root, { input }, context, info) =>
      avatarAfter(context, info, await promote(context.jobs, viewerOf(context).ownerId, input.trainingId)),
  }),
);

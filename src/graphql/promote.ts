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
    type: avatarPayload('PromotePayload', 'The artifact of the training is current.'),
    description:
      'Makes the artifact of a training the current artifact of its avatar, for example to return to an older one. Changes nothing if it is already current. A training under way replaces it on completion.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof promote>({ NOT_FOUND: true, NOT_READY: true }),
    args: { input: t.arg({ type: PromoteInput, required: true, description: 'The training to use.' }) },
    resolve: async (_root, { input }, context, info) =>
      avatarAfter(context, info, await promote(context.jobs, viewerOf(context).ownerId, input.trainingId)),
  }),
);

import { builder, viewerOf } from './builder.ts';
import { cancelGeneration } from '../jobs/cancel-generation.ts';
import { deleteGeneration } from '../jobs/delete-generation.ts';
import { errorsOf, unwrap } from './refusals.ts';
import { generationAfter, generationPayload } from './image-mutations.ts';
import type { FieldPolicy } from './policy/field-policy.ts';

const CancelGenerationInput = builder.inputType('CancelGenerationInput', {
  description: 'Input of `cancelGeneration`.',
  fields: (t) => ({
    generationId: t.id({ required: true, description: 'ID of the generation to cancel.' }),
  }),
});

builder.mutationField('cancelGeneration', (t) =>
  t.field({
    type: generationPayload(
      'CancelGenerationPayload',
      'The cancellation was recorded and requested from fal.',
    ),
    description:
      'Requests the cancellation of a generation under way. It becomes CANCELLED when fal has stopped the run, or ends as the run does if fal could not stop it.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof cancelGeneration>({ NOT_FOUND: true, CONFLICT: true }),
    args: {
      input: t.arg({ type: CancelGenerationInput, required: true, description: 'The generation to cancel.' }),
    },
    resolve: async (_root, { input }, context, info) =>
      generationAfter(
        context,
        info,
        await cancelGeneration(context.jobs, viewerOf(context).ownerId, input.generationId),
      ),
  }),
);

const DeleteGenerationInput = builder.inputType('DeleteGenerationInput', {
  description: 'Input of `deleteGeneration`.',
  fields: (t) => ({
    generationId: t.id({ required: true, description: 'ID of the generation to delete.' }),
  }),
});

const DeleteGenerationPayload = builder
  .objectRef<{ readonly deletedGenerationId: string }>('DeleteGenerationPayload')
  .implement({
    description: 'The generation was deleted.',
    fields: (t) => ({
      deletedGenerationId: t.exposeID('deletedGenerationId', {
        description: 'ID of the deleted generation.',
      }),
    }),
  });

builder.mutationField('deleteGeneration', (t) =>
  t.field({
    type: DeleteGenerationPayload,
    description:
      'Deletes a generation, and cancels its run if that is under way. Its images still count towards the daily limit.',
    extensions: { startsRun: false } satisfies FieldPolicy,
    errors: errorsOf<typeof deleteGeneration>({ NOT_FOUND: true }),
    args: {
      input: t.arg({ type: DeleteGenerationInput, required: true, description: 'The generation to delete.' }),
    },
    resolve: async (_root, { input }, context) =>
      unwrap(await deleteGeneration(context.jobs, viewerOf(context).ownerId, input.generationId)),
  }),
);

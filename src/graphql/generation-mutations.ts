import { builder, viewerOf } from './builder.ts';
import { cancelGeneration } from '../jobs/cancel-generation.ts';
import { deleteGeneration } from '../jobs/delete-generation.ts';
import { DRY_RUN, orDryRun } from './dry-run.ts';
import { errorsOf, unwrap } from './refusals.ts';
import { generateImage } from '../jobs/generate-image.ts';
import { generateImages, MAX_ITEMS, type ItemOutcome } from '../jobs/generate-images.ts';
import { generationAfter, generationPayload, IDEMPOTENCY_KEY } from './mutation-payloads.ts';
import { imageFields, optionFields, waitField } from './image-options.ts';
import { MAX_IMAGES } from '../catalog/generators.ts';
import { MAX_PROMPT_LENGTH } from '../jobs/parse-input.ts';
import { regenerate } from '../jobs/regenerate.ts';
import type { FieldPolicy, ListPolicy } from './policy/field-policy.ts';

const WHEN_ENDED = 'The call returns as soon as the generation has ended.';

const AS_BEFORE = 'Default: as in the earlier generation.';

const GenerateImageInput = builder.inputType('GenerateImageInput', {
  description: 'Input of `generateImage`.',
  fields: (t) => ({
    avatarId: t.id({ required: true, description: 'ID of the avatar to generate images of.' }),
    ...imageFields(t),
    ...waitField(t, WHEN_ENDED),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
    dryRun: t.boolean({ defaultValue: false, description: DRY_RUN }),
  }),
});

const SUBMITTED = 'The generation was submitted. If `generation.error` is set, fal may not have received it.';

const GenerateImagePayload = generationPayload('GenerateImagePayload', SUBMITTED);

builder.mutationField('generateImage', (t) =>
  t.field({
    type: GenerateImagePayload,
    description:
      'Generates images of an avatar that has an artifact. Returns when fal has accepted the run; with `waitSeconds`, when the generation has ended or that time is over. Subscribe to `generationStatus` for its progress.',
    extensions: { startsRun: true } satisfies FieldPolicy,
    errors: orDryRun(
      errorsOf<typeof generateImage>({
        INVALID_INPUT: true,
        NOT_FOUND: true,
        NOT_READY: true,
        IDEMPOTENCY_CONFLICT: true,
        LIMIT_EXCEEDED: true,
        PROVIDER_REJECTED: true,
        PROVIDER_UNAVAILABLE: true,
      }),
    ),
    args: {
      input: t.arg({ type: GenerateImageInput, required: true, description: 'The images to generate.' }),
    },
    resolve: async (_root, { input }, context, info) =>
      generationAfter(context, info, await generateImage(context.deps, viewerOf(context).ownerId, input)),
  }),
);

const RegenerateInput = builder.inputType('RegenerateInput', {
  description: 'Input of `regenerate`.',
  fields: (t) => ({
    generationId: t.id({ required: true, description: 'ID of the generation to repeat.' }),
    prompt: t.string({
      description: `Prompt, 1 to ${MAX_PROMPT_LENGTH} characters. The avatar’s trigger phrase is added if it is missing. ${AS_BEFORE}`,
    }),
    numImages: t.int({ description: `Number of images, 1 to ${MAX_IMAGES}. ${AS_BEFORE}` }),
    ...optionFields(t, () => AS_BEFORE),
    ...waitField(t, WHEN_ENDED),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
    dryRun: t.boolean({ defaultValue: false, description: DRY_RUN }),
  }),
});

builder.mutationField('regenerate', (t) =>
  t.field({
    type: generationPayload('RegeneratePayload', SUBMITTED),
    description:
      'Generates the images of an earlier generation again, as a new generation. Sends the earlier input, with the same seed and the same artifact, except for the given options. Returns like `generateImage`.',
    extensions: { startsRun: true } satisfies FieldPolicy,
    errors: orDryRun(
      errorsOf<typeof regenerate>({
        INVALID_INPUT: true,
        NOT_FOUND: true,
        NOT_READY: true,
        IDEMPOTENCY_CONFLICT: true,
        LIMIT_EXCEEDED: true,
        PROVIDER_REJECTED: true,
        PROVIDER_UNAVAILABLE: true,
      }),
    ),
    args: {
      input: t.arg({
        type: RegenerateInput,
        required: true,
        description: 'The generation to repeat, and the options to change.',
      }),
    },
    resolve: async (_root, { input }, context, info) =>
      generationAfter(context, info, await regenerate(context.deps, viewerOf(context).ownerId, input)),
  }),
);

const GenerateImagesItem = builder.inputType('GenerateImagesItem', {
  description: 'The images of one prompt. The fields are those of `generateImage`.',
  fields: imageFields,
});

const GenerateImagesInput = builder.inputType('GenerateImagesInput', {
  description: 'Input of `generateImages`.',
  fields: (t) => ({
    avatarId: t.id({ required: true, description: 'ID of the avatar to generate images of.' }),
    items: t.field({
      type: [GenerateImagesItem],
      required: true,
      description: `Prompts with their options, 1 to ${MAX_ITEMS}.`,
    }),
    ...waitField(t, 'The call returns as soon as all generations have ended.'),
    idempotencyKey: t.string({
      description:
        'Idempotency key, unique per caller among those of `generateImages`. A repeated call with the same key compares each item with the item at the same position of the first call. An equal item starts nothing and returns the current state of its generation. A different item is refused with IDEMPOTENCY_CONFLICT. An item that was refused is started.',
    }),
  }),
});

type ItemResults = Extract<Awaited<ReturnType<typeof generateImages>>, { done: unknown }>['done']['results'];

const GenerateImagesPayload = builder
  .objectRef<{ readonly results: ItemResults }>('GenerateImagesPayload')
  .implement({
    description: 'The call was made. Each item has its own result.',
    fields: (t) => ({
      results: t.field({
        type: [GenerateImagePayload],
        description: 'Results of the items, in their order.',
        // The batch counts once for each.
        extensions: { maxEntries: 1 } satisfies ListPolicy,
        itemErrors: {
          ...errorsOf<ItemOutcome>({
            INVALID_INPUT: true,
            NOT_FOUND: true,
            IDEMPOTENCY_CONFLICT: true,
            LIMIT_EXCEEDED: true,
            PROVIDER_REJECTED: true,
            PROVIDER_UNAVAILABLE: true,
            INTERNAL_ERROR: true,
          }),
          directResult: true,
          union: {
            name: 'GenerateImagesItemResult',
            description: 'The generation of an item, or the reason for its refusal.',
          },
        },
        resolve: ({ results }, _args, context, info) =>
          results.map((result) => generationAfter(context, info, result)),
      }),
    }),
  });

builder.mutationField('generateImages', (t) =>
  t.field({
    type: GenerateImagesPayload,
    description: `Generates images of an avatar for several prompts, as \`generateImage\` does for one: each item is a separate generation, with its own result and cost, and counts separately towards the limits. A refused item does not stop the others. Subscribe to \`changes\` for the progress of all.`,
    extensions: { startsRun: true, batch: { list: 'items', max: MAX_ITEMS } } satisfies FieldPolicy,
    errors: errorsOf<typeof generateImages>({ INVALID_INPUT: true, NOT_FOUND: true, NOT_READY: true }),
    args: {
      input: t.arg({ type: GenerateImagesInput, required: true, description: 'The images to generate.' }),
    },
    resolve: async (_root, { input }, context) =>
      unwrap(await generateImages(context.deps, viewerOf(context).ownerId, input)),
  }),
);

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
        await cancelGeneration(context.deps, viewerOf(context).ownerId, input.generationId),
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
      unwrap(await deleteGeneration(context.deps, viewerOf(context).ownerId, input.generationId)),
  }),
);

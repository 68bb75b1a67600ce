import { builder } from './builder.ts';
import { BUILT_IN, deprecationNotice } from '../catalog/catalog.ts';
import { estimateTraining, priceOf, priceText, usdText } from '../catalog/prices.ts';
import { MAX_TRAINERS } from '../catalog/trainers-file.ts';
import { TRAINING_TYPES, type Trainer, type TrainingType } from '../catalog/trainers.ts';
import { defaultTrainer } from '../jobs/default-trainers.ts';
import type { ListPolicy } from './policy/field-policy.ts';

export const TrainingTypeEnum = builder.enumType('TrainingType', {
  description: 'Subject of a training.',
  values: {
    PORTRAIT: { description: 'A person.' },
    STYLE: { description: 'A visual style.' },
  },
});

export const TrainerEnum = builder.enumType('Trainer', {
  description: 'Training endpoint of fal. The `trainers` query returns the properties of each.',
  values: Object.fromEntries(
    BUILT_IN.trainers.map((trainer) => [trainer.name, { description: descriptionOf(trainer) }]),
  ),
});

export function descriptionOf(trainer: Trainer): string {
  const notice = deprecationNotice(trainer);
  return notice === null ? `${trainer.endpoint}.` : `${trainer.endpoint}. ${notice}.`;
}

const ArtifactKindEnum = builder.enumType('ArtifactKind', {
  description: 'Kind of artifact that a training produces.',
  values: {
    LORA: { description: 'A LoRA file and its configuration file.' },
    FINETUNE: { description: 'The ID of a finetune at fal.' },
  },
});

function trainingPrice(endpoint: string, defaultSteps: number): string {
  const price = priceText(priceOf(endpoint));
  const estimate = estimateTraining(endpoint, defaultSteps);
  return estimate === null
    ? price
    : `${price} (${usdText(estimate.microUsd)} for the default ${defaultSteps})`;
}

type TrainerShape = Trainer & { readonly defaultFor: readonly TrainingType[] };

const TrainerInfo = builder.objectRef<TrainerShape>('TrainerInfo').implement({
  description: 'Properties of a trainer.',
  fields: (t) => ({
    name: t.expose('name', {
      type: TrainerEnum,
      description: 'Value for the `trainer` input of `startTraining`.',
    }),
    endpoint: t.exposeString('endpoint', { description: 'fal endpoint that runs the training.' }),
    trainingTypes: t.expose('serves', {
      type: [TrainingTypeEnum],
      description: 'Supported training types.',
    }),
    defaultFor: t.expose('defaultFor', {
      type: [TrainingTypeEnum],
      description:
        'Training types whose default is currently this trainer. The default changes when fal no longer serves the endpoint.',
    }),
    artifact: t.expose('artifact', {
      type: ArtifactKindEnum,
      description: 'Kind of artifact that the training produces.',
    }),
    generatesWith: t.string({
      description: 'fal endpoint that generates images from the artifact.',
      resolve: ({ generator }) => generator.endpoint,
    }),
    minSteps: t.int({
      description: 'Minimum number of steps.',
      resolve: ({ steps }) => steps.min,
    }),
    maxSteps: t.int({
      description: 'Maximum number of steps.',
      resolve: ({ steps }) => steps.max,
    }),
    defaultSteps: t.int({
      description: 'Default number of steps.',
      resolve: ({ steps }) => steps.default,
    }),
    minPhotos: t.int({
      description: 'Minimum number of photos.',
      resolve: ({ photos }) => photos.minimum,
    }),
    recommendedPhotos: t.int({
      description: 'Recommended number of photos. More photos improve the result little.',
      resolve: ({ photos }) => photos.recommended,
    }),
    price: t.string({
      description:
        'Price at fal when this version was released, as text, or `unknown` if no reliable source names it. fal’s price list takes precedence.',
      resolve: ({ endpoint, steps }) => trainingPrice(endpoint, steps.default),
    }),
    deprecation: t.string({
      nullable: true,
      description: 'Notice that names a replacement. Null unless fal has deprecated the trainer.',
      resolve: deprecationNotice,
    }),
  }),
});

builder.queryField('trainers', (t) =>
  t.field({
    type: [TrainerInfo],
    description: 'All available trainers.',
    extensions: { maxEntries: MAX_TRAINERS } satisfies ListPolicy,
    resolve: async (_root, _args, { deps }) => {
      const defaults = await Promise.all(TRAINING_TYPES.map((type) => defaultTrainer(deps, type)));
      return deps.catalog.trainers.map((trainer) => ({
        ...trainer,
        defaultFor: TRAINING_TYPES.filter((_type, index) => defaults[index]?.trainer === trainer),
      }));
    },
  }),
);

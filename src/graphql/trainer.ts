import { builder } from './builder.ts';
import { deprecationNotice, trainerRow, TRAINER_NAMES, TRAINERS, type Trainer } from '../catalog/trainers.ts';

export const TrainingTypeEnum = builder.enumType('TrainingType', {
  description: 'What an avatar is trained to show.',
  values: {
    PORTRAIT: { description: 'A person.' },
    STYLE: { description: 'A way of drawing.' },
  },
});

export const TrainerEnum = builder.enumType('Trainer', {
  description: 'Who trains: an endpoint of fal. The `trainers` query tells what each takes and gives.',
  values: Object.fromEntries(
    TRAINER_NAMES.map((name) => [name, { description: descriptionOf(name) }]),
  ) as Record<Trainer, { description: string }>,
});

function descriptionOf(name: Trainer): string {
  const notice = deprecationNotice(name);
  return notice === null ? `${TRAINERS[name].endpoint}.` : `${TRAINERS[name].endpoint}. ${notice}.`;
}

const ArtifactKindEnum = builder.enumType('ArtifactKind', {
  description: 'What a training leaves behind.',
  values: {
    LORA: { description: 'A LoRA file and its configuration file.' },
    FINETUNE: { description: 'A finetune id.' },
  },
});

const TrainerInfo = builder.objectRef<{ name: Trainer }>('TrainerInfo').implement({
  description: 'What is known of a trainer.',
  fields: (t) => ({
    name: t.expose('name', { type: TrainerEnum, description: 'What startTraining takes as `trainer`.' }),
    endpoint: t.string({
      description: 'The endpoint at fal that trains.',
      resolve: ({ name }) => trainerRow(name).endpoint,
    }),
    trainingTypes: t.field({
      type: [TrainingTypeEnum],
      description: 'Which avatars it can train.',
      resolve: ({ name }) => [...trainerRow(name).serves],
    }),
    defaultFor: t.field({
      type: [TrainingTypeEnum],
      description: 'Which avatars it trains where startTraining names no trainer.',
      resolve: ({ name }, _args, { defaultTrainers }) =>
        trainerRow(name).serves.filter((type) => defaultTrainers[type] === name),
    }),
    artifact: t.field({
      type: ArtifactKindEnum,
      description: 'What it leaves behind.',
      resolve: ({ name }) => trainerRow(name).artifact,
    }),
    generatesWith: t.string({
      description: 'The endpoint at fal that generates from that.',
      resolve: ({ name }) => trainerRow(name).generator.endpoint,
    }),
    minSteps: t.int({ description: 'The fewest steps.', resolve: ({ name }) => trainerRow(name).steps.min }),
    maxSteps: t.int({ description: 'The most steps.', resolve: ({ name }) => trainerRow(name).steps.max }),
    defaultSteps: t.int({
      description: 'The steps where startTraining names none.',
      resolve: ({ name }) => trainerRow(name).steps.default,
    }),
    price: t.string({
      description: 'What fal charged when this was written. For people; fal’s own price list decides.',
      resolve: ({ name }) => trainerRow(name).price,
    }),
    deprecation: t.string({
      nullable: true,
      description: 'Set when fal no longer supports it: what to use instead.',
      resolve: ({ name }) => deprecationNotice(name),
    }),
  }),
});

builder.queryField('trainers', (t) =>
  t.field({
    type: [TrainerInfo],
    description: 'Every trainer this deployment knows.',
    resolve: () => TRAINER_NAMES.map((name) => ({ name })),
  }),
);

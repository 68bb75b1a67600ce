import { builder } from './builder.ts';
import type { Avatar } from '../generated/prisma/client.ts';

const ProgressSourceEnum = builder.enumType('ProgressSource', {
  description: 'Source of a progress value. Values come from fal and are never estimated.',
  values: {
    QUEUE: { description: 'Status of fal’s queue.' },
    LOGS: { description: 'Log lines of the trainer.' },
    RESULT: { description: 'Result of the completed training.' },
  },
});

type ProgressShape = Pick<Avatar, 'progressPercent' | 'progressQueuePosition' | 'progressSource'>;

export const Progress = builder.objectRef<ProgressShape>('Progress').implement({
  description: 'Progress of the newest training.',
  fields: (t) => ({
    percent: t.exposeInt('progressPercent', {
      nullable: true,
      description: 'Percentage completed, 0 to 100. Null if unknown.',
    }),
    queuePosition: t.exposeInt('progressQueuePosition', {
      nullable: true,
      description:
        'Number of runs ahead in fal’s queue. Null if the training is not queued or fal reports no position.',
    }),
    source: t.expose('progressSource', {
      type: ProgressSourceEnum,
      nullable: true,
      description: 'Source of the values. Null if there are none.',
    }),
  }),
});

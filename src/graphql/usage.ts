import { badInput } from './errors.ts';
import { builder, viewerOf } from './builder.ts';
import { inUsd } from './cost.ts';
import { problemWith } from '../jobs/parse-input.ts';
import { DAY_MS } from '../values/units.ts';
import type { ListPolicy } from './policy/field-policy.ts';
import type { UsageRow } from './reads.ts';

const MAX_USAGE_DAYS = 92;
const MAX_USAGE_ENTRIES = 1000;

const Usage = builder.objectRef<UsageRow>('Usage').implement({
  description:
    'Runs of one day at one endpoint, without those that started nothing: fal refused them, or the operator found that none was started.',
  fields: (t) => ({
    day: t.expose('day', { type: 'Date', description: 'Day on which the runs were started, in UTC.' }),
    endpoint: t.exposeString('endpoint', { description: 'Endpoint of fal.' }),
    runs: t.exposeInt('runs', { description: 'Number of trainings or generations.' }),
    images: t.exposeInt('images', { description: 'Number of requested images. 0 for trainings.' }),
    billableUnits: t.exposeFloat('billableUnits', {
      nullable: true,
      description: 'Sum of the units that fal reported to bill, in fal’s unit. Null if it reported none.',
    }),
    billedRuns: t.exposeInt('billedRuns', {
      description: 'Number of runs in `billableUnits`. fal does not report the units of every run.',
    }),
    estimatedUsd: t.float({
      description: 'Sum of the estimated costs in US dollars, without those of `unknownRuns`.',
      resolve: ({ microUsd }) => inUsd(microUsd),
    }),
    unknownRuns: t.exposeInt('unknownRuns', { description: 'Number of runs whose cost is unknown.' }),
  }),
});

builder.queryField('usage', (t) =>
  t.field({
    type: [Usage],
    description: `Runs of the caller by day and endpoint, with their estimated cost, in order of days. At most ${MAX_USAGE_DAYS} days and ${MAX_USAGE_ENTRIES} entries; more are refused with INVALID_INPUT.`,
    args: {
      from: t.arg({ type: 'Date', required: true, description: 'First day.' }),
      to: t.arg({ type: 'Date', required: true, description: 'Last day.' }),
    },
    extensions: { maxEntries: MAX_USAGE_ENTRIES, ofRows: true } satisfies ListPolicy,
    resolve: async (_root, args, context) => {
      const from = dayIn('from', args.from);
      const to = dayIn('to', args.to);
      const days = (to.getTime() - from.getTime()) / DAY_MS + 1;
      if (days < 1) throw badInput(problemWith('to', args.to, `${args.from} or a later day`));
      if (days > MAX_USAGE_DAYS)
        throw badInput(`from, to: expected at most ${MAX_USAGE_DAYS} days, got ${days}.`);
      const before = new Date(to.getTime() + DAY_MS);
      const { ownerId } = viewerOf(context);
      const rows = await context.usage.usageOf(ownerId, { from, before }, MAX_USAGE_ENTRIES + 1);
      if (rows.length <= MAX_USAGE_ENTRIES) return rows;
      throw badInput(
        `from, to: expected at most ${MAX_USAGE_ENTRIES} entries, got more. Ask for fewer days.`,
      );
    },
  }),
);

function dayIn(name: string, text: string): Date {
  const day = /^2\d{3}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  // Some dates that do not exist are read as the next month's.
  if (day !== null && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)) return day;
  throw badInput(problemWith(name, text, 'a calendar day from 2000 to 2999, such as 2026-11-23'));
}

import { builder } from './builder.ts';
import { CostEstimate } from './cost.ts';
import { unwrap } from './refusals.ts';
import type { DryRun, DryRunWarning } from '../jobs/dry-run.ts';
import type { ListPolicy } from './policy/field-policy.ts';
import type { RefusalCode, Result } from '../domain/refusal.ts';

export const DRY_RUN =
  'Previews the call: sends and writes nothing, and returns `DryRun` with the input for fal and its estimated cost. All checks of this server apply, but not whether fal currently accepts runs. Does not use up the idempotency key. Default: false.';

const WARNINGS = {
  TRAINER_DEPRECATED: { description: 'fal has deprecated the trainer. The message names a replacement.' },
  PRICE_UNKNOWN: { description: 'The cost cannot be estimated.' },
  TRIGGER_PHRASE_ADDED: { description: 'The trigger phrase is added to the prompt.' },
  SEED_IS_EXAMPLE: { description: 'The seed of the input is an example, because none was given.' },
  LIMIT_NEAR: { description: 'The run leaves at most a tenth of a limit.' },
  REPEATED_CALL: { description: 'The idempotency key was used before, so the call would start nothing.' },
} satisfies Record<DryRunWarning['code'], object>;

/** One of each, and a second limit. */
const MAX_WARNINGS = Object.keys(WARNINGS).length + 1;

const WarningCode = builder.enumType('DryRunWarningCode', {
  description: 'Machine-readable reason for a warning.',
  values: WARNINGS,
});

const Warning = builder.objectRef<DryRunWarning>('DryRunWarning').implement({
  description: 'A warning about a call.',
  fields: (t) => ({
    code: t.expose('code', { type: WarningCode, description: 'Machine-readable reason.' }),
    message: t.exposeString('message', { description: 'Human-readable message.' }),
  }),
});

/** Thrown by resolvers, as refusals are: the errors plugin turns it into a union member. */
class DryRunResult extends Error {
  readonly dryRun: DryRun;

  constructor(dryRun: DryRun) {
    super('dry run');
    this.dryRun = dryRun;
  }
}

builder.objectType(DryRunResult, {
  name: 'DryRun',
  description: 'Preview of a call: the input for fal, and its estimated cost. Nothing was sent or written.',
  isTypeOf: (value) => value instanceof DryRunResult,
  fields: (t) => ({
    endpoint: t.string({ description: 'Endpoint of fal.', resolve: ({ dryRun }) => dryRun.endpoint }),
    input: t.field({
      type: 'JSON',
      description: 'Complete input that would be sent to fal.',
      resolve: ({ dryRun }) => dryRun.input,
    }),
    warnings: t.field({
      type: [Warning],
      description: 'Warnings about the call. Empty if there are none.',
      extensions: { maxEntries: MAX_WARNINGS } satisfies ListPolicy,
      resolve: ({ dryRun }) => dryRun.warnings,
    }),
    cost: t.field({
      type: CostEstimate,
      nullable: true,
      description: 'Estimated cost. Null if it is unknown.',
      resolve: ({ dryRun }) => dryRun.cost,
    }),
  }),
});

/** Adds the result of a dry run to the members of a field's union. */
export function orDryRun<T>({ types }: { readonly types: readonly T[] }) {
  return { types: [...types, DryRunResult] };
}

/** The result of the call itself; throws that of a dry run. */
export function unlessDryRun<T extends object>(
  result: Result<T | { readonly dryRun: DryRun }, RefusalCode>,
): T {
  const done = unwrap(result);
  if ('dryRun' in done) throw new DryRunResult(done.dryRun);
  return done;
}

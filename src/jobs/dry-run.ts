import { deprecationNotice } from '../catalog/catalog.ts';
import { ensureTrigger } from '../catalog/trigger.ts';
import type { CreationCode, NewJob } from './submit.ts';
import type { Estimate } from '../catalog/prices.ts';
import type { Trainer } from '../catalog/trainers.ts';
import type { JsonObject } from '../values/json.ts';
import type { RefusalCode, Result } from '../domain/refusal.ts';

export type DryRunWarning = {
  readonly code:
    | 'TRAINER_DEPRECATED'
    | 'PRICE_UNKNOWN'
    | 'TRIGGER_PHRASE_ADDED'
    | 'SEED_IS_EXAMPLE'
    | 'LIMIT_NEAR'
    | 'REPEATED_CALL';
  readonly message: string;
};

/** What a call would send to fal. */
export type DryRun = {
  readonly endpoint: string;
  readonly input: JsonObject;
  readonly warnings: readonly DryRunWarning[];
  /** Null: unknown. */
  readonly cost: Estimate | null;
};

export type PlannedJob = Omit<NewJob, 'id' | 'token'>;

export type Rehearsal = {
  /** An earlier call with the same idempotency key and request has created the job. */
  readonly isRepeat: boolean;
  /** Sentences about limits of which the run leaves little. */
  readonly nearLimits: readonly string[];
};

export type RehearsalStore = {
  /** What `createTraining` would answer now. Writes nothing. CONFLICT: a training of this avatar is open. */
  rehearseTraining(job: PlannedJob): Promise<Result<Rehearsal, CreationCode | 'CONFLICT'>>;
  rehearseGeneration(job: PlannedJob, numImages: number): Promise<Result<Rehearsal, CreationCode>>;
};

/** The rest of a call whose input is accepted: refuses where the call would, and sends and writes nothing. */
export async function dryRun<Code extends RefusalCode>(
  { endpoint, input }: PlannedJob,
  cost: Estimate | null,
  warnings: readonly (DryRunWarning | null)[],
  rehearsal: Promise<Result<Rehearsal, Code>>,
): Promise<Result<{ readonly dryRun: DryRun }, Code>> {
  const rehearsed = await rehearsal;
  if ('refused' in rehearsed) return rehearsed;
  const { isRepeat, nearLimits } = rehearsed.done;
  const all = [
    ...warnings,
    cost === null
      ? warning('PRICE_UNKNOWN', `The price of ${endpoint} is unknown, so there is no estimate.`)
      : null,
    ...nearLimits.map((message) => warning('LIMIT_NEAR', message)),
    isRepeat
      ? warning('REPEATED_CALL', 'This idempotencyKey was used before: the call would start nothing.')
      : null,
  ];
  return { done: { dryRun: { endpoint, input, warnings: all.filter((one) => one !== null), cost } } };
}

export function deprecationWarning(trainer: Trainer): DryRunWarning | null {
  const notice = deprecationNotice(trainer);
  return notice === null ? null : warning('TRAINER_DEPRECATED', `${notice}.`);
}

export function triggerWarning(prompt: string, triggerPhrase: string): DryRunWarning | null {
  return prompt === ensureTrigger(prompt, triggerPhrase)
    ? null
    : warning('TRIGGER_PHRASE_ADDED', `The trigger phrase ${triggerPhrase} is added to the prompt.`);
}

export function seedWarning(given: number | null): DryRunWarning | null {
  return given === null
    ? warning('SEED_IS_EXAMPLE', 'The seed is an example: without `seed`, every call chooses a random one.')
    : null;
}

function warning(code: DryRunWarning['code'], message: string): DryRunWarning {
  return { code, message };
}

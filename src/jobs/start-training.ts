import * as z from 'zod';
import { deprecationNotice } from '../catalog/catalog.ts';
import { deprecationWarning, dryRun, type DryRun, type RehearsalStore } from './dry-run.ts';
import { estimateTraining } from '../catalog/prices.ts';
import { idempotencyOf } from './ids.ts';
import {
  MAX_IDEMPOTENCY_KEY_LENGTH,
  problemWith,
  parseInput,
  text,
  webUrl,
  wholeNumber,
  type Optional,
} from './parse-input.ts';
import { NO_SUCH_AVATAR, refuse, type ProviderCode, type Result } from '../domain/user-error.ts';
import { submitJob, type CreatedJob, type CreationCode, type NewJob, type SubmitDeps } from './submit.ts';
import { defaultTrainer, goneNote, type DefaultTrainerDeps } from './default-trainers.ts';
import type { TrainerRow, TrainingType } from '../catalog/trainers.ts';

const inputSchema = z.object({
  avatarId: z.string(),
  imagesUrl: webUrl(),
  steps: z.number().optional(),
  trainer: z.string().optional(),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
  dryRun: z.boolean().default(false),
});

export type StartTrainingInput = Optional<z.input<typeof inputSchema>>;

export type NewTraining = NewJob & {
  /** Of its avatar, as the input has it. */
  readonly triggerPhrase: string;
};

interface TrainingStore extends Pick<RehearsalStore, 'rehearseTraining'> {
  findAvatar(
    ownerId: string,
    avatarId: string,
  ): Promise<{ readonly trainingType: TrainingType; readonly triggerPhrase: string } | null>;
  /** CONFLICT: a training of this avatar is open, or its trigger phrase is another by now. */
  createTraining(job: NewTraining): Promise<Result<CreatedJob, CreationCode | 'CONFLICT'>>;
}

export type StartTrainingDeps = SubmitDeps & DefaultTrainerDeps & { readonly store: TrainingStore };

/**
 * Submits a training to fal and returns; it does not wait for the run. A refusal changes nothing. A submit with unknown
 * outcome is no refusal: the avatar shows SUBMIT_OUTCOME_UNKNOWN. A dry run ends before anything is written or sent.
 */
export async function startTraining(
  deps: StartTrainingDeps,
  ownerId: string,
  input: StartTrainingInput,
): Promise<
  Result<
    { readonly avatarId: string } | { readonly dryRun: DryRun },
    CreationCode | ProviderCode | 'INVALID_INPUT' | 'CONFLICT'
  >
> {
  const { store, catalog } = deps;
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { avatarId, imagesUrl, steps, trainer: requested, idempotencyKey } = parsed.done;
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return NO_SUCH_AVATAR;
  const { trainingType, triggerPhrase } = avatar;

  const { row, alternative, note } =
    requested === undefined
      ? await defaultTrainer(deps, trainingType)
      : { row: catalog.trainer(requested), alternative: null, note: null };
  if (row?.serves.includes(trainingType) !== true) {
    const allowed = catalog.trainersFor(trainingType).join(' or ');
    const problem = problemWith('trainer', requested, `${allowed} for a ${trainingType} avatar`);
    return refuse('INVALID_INPUT', problem);
  }
  // Within the limits of both: which one will train is not known before fal answers.
  const limits = alternative === null ? [row.steps] : [row.steps, alternative.steps];
  const min = Math.max(...limits.map((range) => range.min));
  const max = Math.min(...limits.map((range) => range.max));
  const parsedSteps = parseInput(z.object({ steps: wholeNumber(min, max).optional() }), { steps });
  if ('refused' in parsedSteps) return parsedSteps;

  const costOf = ({ endpoint, steps: { default: byDefault } }: TrainerRow) =>
    estimateTraining(endpoint, steps ?? byDefault);
  const submitTo = (to: TrainerRow, trainerNote: string | null) => ({
    trainer: to.name,
    trainerNote,
    endpoint: to.endpoint,
    input: to.input({ avatarId, trainingType, triggerPhrase, imagesUrl, steps: steps ?? null }),
    estimatedMicroUsd: costOf(to)?.microUsd ?? null,
  });
  const fields = {
    ownerId,
    avatarId,
    ...submitTo(row, note),
    idempotency: idempotencyOf(idempotencyKey, {
      of: 'training',
      avatarId,
      imagesUrl,
      steps,
      trainer: requested,
    }),
  };
  if (parsed.done.dryRun)
    return dryRun(fields, costOf(row), [deprecationWarning(row)], store.rehearseTraining(fields));
  const submitted = await submitJob(
    deps,
    fields,
    (job) => store.createTraining({ ...job, triggerPhrase }),
    alternative && submitTo(alternative, goneNote(row, alternative)),
  );
  if ('done' in submitted) return { done: { avatarId } };
  const { code, message } = submitted.refused;
  const notice = code === 'PROVIDER_REJECTED' && alternative === null ? deprecationNotice(row) : null;
  return notice === null ? submitted : refuse(code, `${message} ${notice}.`);
}

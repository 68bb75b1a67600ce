import { z } from 'zod';
import { replay, type CreationCode } from './replay.ts';
import { deprecationNotice, trainerRow, trainersFor, TRAINER_NAMES } from '../catalog/trainers.ts';
import {
  MAX_IDEMPOTENCY_KEY_LENGTH,
  problemWith,
  parseInput,
  text,
  webUrl,
  wholeNumber,
  type Optional,
} from './parse-input.ts';
import { requestFingerprint, newId } from './ids.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import { submitJob } from './submit.ts';
import type { JobDeps } from './ports.ts';

const inputSchema = z.object({
  avatarId: z.string(),
  imagesUrl: webUrl(),
  steps: z.number().optional(),
  trainer: z.enum(TRAINER_NAMES).optional(),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
});

export type StartTrainingInput = Optional<z.input<typeof inputSchema>>;

export type StartTrainingCode =
  CreationCode | 'INVALID_INPUT' | 'CONFLICT' | 'PROVIDER_REJECTED' | 'PROVIDER_UNAVAILABLE';

/**
 * Writes the job, submits it to fal once and returns: it never waits for the training. After a refusal the avatar is
 * as it was. A submit with unknown outcome is no refusal: it shows on the avatar as SUBMIT_OUTCOME_UNKNOWN.
 */
export async function startTraining(
  deps: JobDeps,
  ownerId: string,
  input: StartTrainingInput,
): Promise<Result<{ readonly avatarId: string }, StartTrainingCode>> {
  const { store, settings } = deps;
  const read = parseInput(inputSchema, input);
  if ('refused' in read) return read;
  const { avatarId, imagesUrl, steps, trainer: wanted, idempotencyKey } = read.input;
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return refuse('NOT_FOUND', 'There is no such avatar.');

  const trainer = wanted ?? settings.defaultTrainers[avatar.trainingType];
  const row = trainerRow(trainer);
  if (!row.serves.includes(avatar.trainingType)) {
    const allowed = trainersFor(avatar.trainingType).join(' or ');
    return refuse(
      'INVALID_INPUT',
      problemWith('trainer', trainer, `${allowed} for a ${avatar.trainingType} avatar`),
    );
  }
  const readSteps = parseInput(z.object({ steps: wholeNumber(row.steps.min, row.steps.max).optional() }), {
    steps: steps ?? null,
  });
  if ('refused' in readSteps) return readSteps;

  const job = {
    id: newId('job'),
    ownerId,
    avatarId,
    trainer,
    endpoint: row.endpoint,
    token: deps.newCallbackToken(),
    input: row.input({
      avatarId,
      trainingType: avatar.trainingType,
      triggerPhrase: avatar.triggerPhrase,
      imagesUrl,
      steps: steps ?? null,
    }),
    idempotency:
      idempotencyKey === undefined
        ? null
        : {
            key: idempotencyKey,
            digest: requestFingerprint({ of: 'training', avatarId, imagesUrl, steps, trainer: wanted }),
          },
  };
  const begunAt = performance.now();
  const creation = await store.createTraining(job);
  if (creation.kind === 'busy') return refuse('CONFLICT', 'A training of this avatar is already on its way.');
  if (creation.kind !== 'created') return replay(store, creation, () => ({ avatarId }));

  const refusal = await submitJob(deps, { ...job, begunAt });
  if (refusal === null) return { done: { avatarId } };
  const { code, message } = refusal.failure;
  if (code !== 'PROVIDER_REJECTED') return refuse('PROVIDER_UNAVAILABLE', message);
  const notice = deprecationNotice(trainer);
  return refuse(code, notice === null ? message : `${message} ${notice}.`);
}

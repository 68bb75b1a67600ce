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
import { acceptedPhotos, uploadPhotos, type PhotoArchiveDeps, type StoredPhoto } from './photo-archive.ts';
import { refusalOfFirst } from './replay.ts';
import { submitJob, type CreatedJob, type CreationCode, type NewJob, type SubmitDeps } from './submit.ts';
import { defaultTrainer, goneNote, type DefaultTrainerDeps } from './default-trainers.ts';
import type { KeyedMutex } from '../async/keyed-mutex.ts';
import type { Trainer, TrainingType } from '../catalog/trainers.ts';

const inputSchema = z.object({
  avatarId: z.string(),
  imagesUrl: webUrl().optional(),
  keepPhotos: z.boolean().optional(),
  steps: z.number().optional(),
  trainer: z.string().optional(),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
  dryRun: z.boolean().default(false),
});

export type StartTrainingInput = Optional<z.input<typeof inputSchema>>;

export type NewTraining = NewJob & {
  /** Of its avatar, as the input has it. */
  readonly triggerPhrase: string;
  /** Deleted after its success. */
  readonly photoIds: readonly string[];
  /** The zip of photos that was uploaded for it; null for the caller's own. */
  readonly photosUrl: string | null;
};

interface TrainingStore extends Pick<RehearsalStore, 'rehearseTraining'> {
  findAvatar(
    ownerId: string,
    avatarId: string,
  ): Promise<{ readonly trainingType: TrainingType; readonly triggerPhrase: string } | null>;
  /** CONFLICT: a training of this avatar is open, or its trigger phrase is another by now. */
  createTraining(job: NewTraining): Promise<Result<CreatedJob, CreationCode | 'CONFLICT'>>;
  /** The job of an earlier call with the same idempotency key and request. */
  findFirst(ownerId: string, idempotency: NewJob['idempotency']): Promise<string | null>;
}

export type StartTrainingDeps = SubmitDeps &
  DefaultTrainerDeps &
  PhotoArchiveDeps & {
    /** In this process, by owner and avatar. */
    readonly photoTrainings: KeyedMutex;
    readonly store: TrainingStore;
    readonly provider: SubmitDeps['provider'] & PhotoArchiveDeps['provider'];
  };

/** In the input that a dry run shows. */
const UPLOADED_LATER = 'https://fal.media/… (the photos are uploaded when the training starts)';

/**
 * Submits a training to fal and returns; it does not wait for the run. A refusal changes nothing. A submit with unknown
 * outcome is no refusal: the avatar shows SUBMIT_OUTCOME_UNKNOWN. A dry run ends before anything is written or sent.
 */
export async function startTraining(
  deps: StartTrainingDeps,
  ownerId: string,
  input: StartTrainingInput,
): Started {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { avatarId, imagesUrl, keepPhotos, dryRun: isDry } = parsed.done;
  if (imagesUrl !== undefined && keepPhotos !== undefined)
    return refuse('INVALID_INPUT', problemWith('keepPhotos', keepPhotos, 'no value together with imagesUrl'));
  const start = () => startParsed(deps, ownerId, parsed.done);
  // One upload of an avatar's photos at a time: the calls after the first find its training under way.
  const uploads = imagesUrl === undefined && !isDry;
  return uploads ? deps.photoTrainings.run(`${ownerId} ${avatarId}`, start) : start();
}

type Started = Promise<
  Result<
    { readonly avatarId: string } | { readonly dryRun: DryRun },
    CreationCode | ProviderCode | 'INVALID_INPUT' | 'CONFLICT'
  >
>;

async function startParsed(
  deps: StartTrainingDeps,
  ownerId: string,
  parsed: z.output<typeof inputSchema>,
): Started {
  const { store, catalog } = deps;
  const { avatarId, imagesUrl, keepPhotos, steps, trainer: requested, idempotencyKey } = parsed;
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

  const costOf = ({ endpoint, steps: { default: byDefault } }: Trainer) =>
    estimateTraining(endpoint, steps ?? byDefault);
  const submitTo = (to: Trainer, trainerNote: string | null, url = imagesUrl ?? UPLOADED_LATER) => ({
    trainer: to.name,
    trainerNote,
    endpoint: to.endpoint,
    input: to.input({ avatarId, trainingType, triggerPhrase, imagesUrl: url, steps: steps ?? null }),
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
      keepPhotos,
    }),
  };
  const isDry = parsed.dryRun;
  const rehearse = () => store.rehearseTraining(fields);
  let url = imagesUrl;
  let used: readonly StoredPhoto[] = [];
  if (url === undefined) {
    // A repeat must not need the photos, which the first call may have used up.
    const first = await store.findFirst(ownerId, fields.idempotency);
    if (first !== null && !isDry) {
      const refusal = await refusalOfFirst(store, first);
      return refusal === null ? { done: { avatarId } } : { refused: refusal };
    }
    const minimum = Math.max(row.photos.minimum, alternative?.photos.minimum ?? 0);
    const photos = first === null ? await acceptedPhotos(deps, ownerId, avatarId, minimum) : { done: [] };
    if ('refused' in photos) return photos;
    if (!isDry) {
      // What refuses the training refuses it before the upload.
      const rehearsed = await rehearse();
      if ('refused' in rehearsed) return rehearsed;
      const uploaded = await uploadPhotos(deps, photos.done);
      if ('refused' in uploaded) return uploaded;
      url = uploaded.done;
    }
    used = keepPhotos === true ? [] : photos.done;
  }
  if (isDry) return dryRun(fields, costOf(row), [deprecationWarning(row)], rehearse());
  const uploadedPhotos = {
    photoIds: used.map(({ id }) => id),
    photosUrl: imagesUrl === undefined ? (url ?? null) : null,
  };
  const submitted = await submitJob(
    deps,
    { ...fields, ...submitTo(row, note, url) },
    (job) => store.createTraining({ ...job, triggerPhrase, ...uploadedPhotos }),
    alternative && submitTo(alternative, goneNote(row, alternative), url),
  );
  if ('done' in submitted) return { done: { avatarId } };
  const { code, message } = submitted.refused;
  const notice = code === 'PROVIDER_REJECTED' ? await adviceAfter(deps, row, alternative) : null;
  return notice === null ? submitted : refuse(code, `${message} ${notice}.`);
}

/** Names the trainer to use instead of a refused one, unless fal refused that one too. */
async function adviceAfter(
  { catalog, goneEndpoints }: DefaultTrainerDeps,
  row: Trainer,
  alternative: Trainer | null,
): Promise<string | null> {
  const isSwitched = alternative !== null && (await goneEndpoints.isGone(row.endpoint));
  const other = row.deprecated && catalog.trainer(row.deprecated.alternative);
  if (isSwitched || other === null || (await goneEndpoints.isGone(other.endpoint))) return null;
  return deprecationNotice(row);
}

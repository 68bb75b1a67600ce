import * as z from 'zod';
import { deprecationNotice } from '../catalog/catalog.ts';
import { deprecationWarning, dryRun, type DryRun, type PlannedJob, type RehearsalStore } from './dry-run.ts';
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
import { NO_SUCH_AVATAR, refuse, type ProviderCode, type Refusal, type Result } from '../domain/refusal.ts';
import {
  acceptedPhotos,
  uploadPhotos,
  type PhotoArchiveDeps,
  type StoredPhoto,
} from './photos/photo-archive.ts';
import { refusalOfFirst } from './replay.ts';
import { submitJob, type CreatedJob, type CreationCode, type NewJob, type SubmitDeps } from './submit.ts';
import { defaultTrainer, goneNote, type DefaultTrainerDeps, type TrainersToTry } from './default-trainers.ts';
import { trainerFor } from './trainer-for.ts';
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

type StartTrainingInput = Optional<z.input<typeof inputSchema>>;

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
    readonly provider: SubmitDeps['provider'] &
      PhotoArchiveDeps['provider'] & {
        /** Why a submit would be refused unsent now; null if it would be sent. Never throws. */
        heldBack(): Promise<Refusal<'PROVIDER_UNAVAILABLE'> | null>;
      };
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
  const { store } = deps;
  const { avatarId, imagesUrl, keepPhotos, steps, trainer: requested, idempotencyKey } = parsed;
  const avatar = await store.findAvatar(ownerId, avatarId);
  if (avatar === null) return NO_SUCH_AVATAR;
  const { trainingType, triggerPhrase } = avatar;
  const chosen = await chooseTrainer(deps, requested, trainingType);
  if ('refused' in chosen) return chosen;
  const { trainer, alternative, note } = chosen.done;
  // Which one will train is not known before fal responds.
  const trainers = alternative === null ? [trainer] : [trainer, alternative];
  const checked = stepsWithin(trainers, steps);
  if ('refused' in checked) return checked;

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
    ...submitTo(trainer, note),
    idempotency: idempotencyOf(idempotencyKey, {
      of: 'training',
      avatarId,
      imagesUrl,
      steps,
      trainer: requested,
      keepPhotos,
    }),
  };
  // A repeat must not need the photos, which the first call may have used up.
  const first = imagesUrl === undefined ? await store.findFirst(ownerId, fields.idempotency) : null;
  const minimum = Math.max(...trainers.map(({ photos }) => photos.minimum));
  const photos =
    imagesUrl === undefined && first === null
      ? await acceptedPhotos(deps, ownerId, avatarId, minimum)
      : { done: [] };
  if ('refused' in photos) return photos;
  if (parsed.dryRun)
    return dryRun(fields, costOf(trainer), [deprecationWarning(trainer)], store.rehearseTraining(fields));
  if (first !== null) {
    const refusal = await refusalOfFirst(store, first);
    return refusal === null ? { done: { avatarId } } : { refused: refusal };
  }
  const images = imagesUrl === undefined ? await uploadFor(deps, fields, photos.done) : { done: imagesUrl };
  if ('refused' in images) return images;
  const url = images.done;
  const used = {
    photoIds: keepPhotos === true ? [] : photos.done.map(({ id }) => id),
    photosUrl: imagesUrl === undefined ? url : null,
  };
  const submitted = await submitJob(
    deps,
    { ...fields, ...submitTo(trainer, note, url) },
    (job) => store.createTraining({ ...job, triggerPhrase, ...used }),
    alternative && submitTo(alternative, goneNote(trainer, alternative), url),
  );
  if ('done' in submitted) return { done: { avatarId } };
  const { code, message } = submitted.refused;
  const notice = code === 'PROVIDER_REJECTED' ? await adviceAfter(deps, trainer, alternative) : null;
  return notice === null ? submitted : refuse(code, `${message} ${notice}.`);
}

async function chooseTrainer(
  deps: DefaultTrainerDeps,
  requested: string | undefined,
  type: TrainingType,
): Promise<Result<TrainersToTry, 'INVALID_INPUT'>> {
  if (requested === undefined) return { done: await defaultTrainer(deps, type) };
  const found = trainerFor(deps.catalog, requested, type);
  return 'refused' in found ? found : { done: { trainer: found.done, alternative: null, note: null } };
}

/** Refuses steps outside the limits of one of the trainers. */
function stepsWithin(trainers: readonly Trainer[], steps: number | undefined) {
  const min = Math.max(...trainers.map((trainer) => trainer.steps.min));
  const max = Math.min(...trainers.map((trainer) => trainer.steps.max));
  return parseInput(z.object({ steps: wholeNumber(min, max).optional() }), { steps });
}

/** What refuses the training refuses it before the upload. */
async function uploadFor(deps: StartTrainingDeps, job: PlannedJob, photos: readonly StoredPhoto[]) {
  const rehearsed = await deps.store.rehearseTraining(job);
  if ('refused' in rehearsed) return rehearsed;
  const heldBack = await deps.provider.heldBack();
  if (heldBack === null) return uploadPhotos(deps, photos);
  deps.metrics.submitted('refused');
  return { refused: heldBack };
}

/** Names the trainer to use instead of a refused one, unless fal refused that one too. */
async function adviceAfter(
  { catalog, goneEndpoints }: DefaultTrainerDeps,
  trainer: Trainer,
  alternative: Trainer | null,
): Promise<string | null> {
  const isSwitched = alternative !== null && (await goneEndpoints.isGone(trainer.endpoint));
  const other = trainer.deprecated && catalog.trainer(trainer.deprecated.alternative);
  if (isSwitched || other === null || (await goneEndpoints.isGone(other.endpoint))) return null;
  return deprecationNotice(trainer);
}

import { Prisma, type PrismaClient } from '../../generated/prisma/client.ts';
import { NO_SUCH_AVATAR, refuse, type Result } from '../../domain/refusal.ts';
import type { CreatedJob, CreationCode, NewJob } from '../../jobs/submit.ts';
import type { NewGeneration, SubmitGenerationDeps } from '../../jobs/submit-generation.ts';
import { locksOf, readUsage, refusedByQuota } from './quota-usage.ts';
import { checkQuota, nearLimits, type SpendLimits, type Spending } from '../../domain/quota.ts';
import { earlierCall } from './earlier-call.ts';
import { isAbout, isUniqueViolation, untilDecided } from './unique-conflict.ts';
import { KeyedMutex } from '../../async/keyed-mutex.ts';
import type { PlannedJob, Rehearsal, RehearsalStore } from '../../jobs/dry-run.ts';
import type { NewTraining, StartTrainingDeps } from '../../jobs/start-training.ts';

type AnyJob = NewJob & Partial<NewTraining>;
type Creation = Result<CreatedJob, CreationCode | 'CONFLICT'>;

type Store = Pick<StartTrainingDeps['store'], 'createTraining' | 'findFirst'> &
  Pick<SubmitGenerationDeps['store'], 'createGeneration'> &
  RehearsalStore;

export function jobCreations(prisma: PrismaClient, limits: SpendLimits): Store {
  /** Calls that wait for the same lock wait here: in the database each would hold a connection of the pool. */
  const waiting = new KeyedMutex();
  const create = (job: AnyJob, generation: NewGeneration | null): Promise<Creation> => {
    const write = () => untilDecided(() => tryToCreate(prisma, job, generation, limits));
    const [lock] = locksOf(job.ownerId, generation === null ? 'TRAINING' : 'GENERATION', limits);
    return lock === undefined ? write() : waiting.run(lock, write);
  };
  return {
    createTraining: (job) => create(job, null),

    async findFirst(ownerId, idempotency) {
      const first = await repeated(prisma, ownerId, idempotency);
      return first !== null && 'done' in first ? first.done.jobId : null;
    },

    async createGeneration(job, generation) {
      const creation = await create(job, generation);
      if ('done' in creation) return creation;
      const { code, message } = creation.refused;
      if (code === 'CONFLICT')
        throw new Error('A generation violated a unique index that has only trainings');
      return refuse(code, message);
    },

    async rehearseTraining(job) {
      const rehearsed = await rehearse(prisma, job, TRAINING, limits);
      if ('refused' in rehearsed || rehearsed.done.isRepeat) return rehearsed;
      const open = await prisma.job.count({ where: { openTrainingAvatarId: job.avatarId } });
      return open === 0 ? rehearsed : ALREADY_OPEN;
    },

    rehearseGeneration: (job, numImages) =>
      rehearse(prisma, job, { kind: 'GENERATION', units: numImages }, limits),
  };
}

/**
 * Writes a job, and for a generation its row, in one transaction. Unique indexes decide between concurrent calls: one
 * open training per avatar, one job per idempotency key.
 *
 * @param generation null: the job is a training
 */
async function tryToCreate(
  prisma: PrismaClient,
  { idempotency, triggerPhrase, photoIds = [], ...job }: AnyJob,
  generation: NewGeneration | null,
  limits: SpendLimits,
): Promise<Creation | 'again'> {
  const data = {
    ...job,
    idempotencyKey: idempotency?.key ?? null,
    idempotencyDigest: idempotency?.digest ?? null,
  };
  // First: otherwise a repeat would be refused because of the training that it repeats.
  const before = await repeated(prisma, job.ownerId, idempotency);
  if (before !== null) return before;
  const part = generation === null ? TRAINING : { kind: 'GENERATION' as const, units: generation.numImages };
  const { endpoint, estimatedMicroUsd } = job;
  const spending = { ...part, endpoint, estimatedMicroUsd };
  try {
    return await prisma.$transaction(async (tx): Promise<Creation> => {
      const message = await refusedByQuota(tx, job.ownerId, spending, limits);
      // The first call with the same key may have used up the quota while this one waited for the lock.
      const repeat = message === null ? null : await repeated(tx, job.ownerId, idempotency);
      if (repeat !== null) return repeat;
      if (message !== null) return refuse('LIMIT_EXCEEDED', message);
      if (generation === null) {
        await tx.job.create({ data: { ...data, ...part, openTrainingAvatarId: job.avatarId } });
        // From here on an update of the avatar waits for this transaction.
        const where = { id: job.avatarId };
        const avatar = await tx.avatar.findUnique({ where, select: { triggerPhrase: true } });
        if (avatar?.triggerPhrase !== triggerPhrase) throw new TriggerPhraseChanged();
        if (photoIds.length > 0) {
          // Refused ones too: their reasons may name a photo that is deleted then.
          const set = { OR: [{ id: { in: [...photoIds] } }, { state: 'REFUSED' as const }] };
          await tx.photo.updateMany({
            where: { ...set, avatarId: job.avatarId },
            data: { deleteAfterJobId: job.id },
          });
        }
      } else {
        const { id, seed, ...fields } = generation;
        const { ownerId, avatarId } = job;
        await tx.generation.create({
          data: { ...fields, id, ownerId, avatarId, seed: BigInt(seed) },
        });
        // No notification: that of fal's response follows.
        await tx.change.create({ data: { entityId: id, ownerId, version: 1 } });
        await tx.job.create({ data: { ...data, ...part, generationId: id } });
      }
      return { done: { jobId: job.id, generationId: generation?.id ?? null } };
    });
  } catch (error) {
    if (error instanceof TriggerPhraseChanged) return PHRASE_CHANGED;
    if (!(error instanceof Prisma.PrismaClientKnownRequestError)) throw error;
    if (error.code === FOREIGN_KEY_VIOLATION) return NO_SUCH_AVATAR;
    if (!isUniqueViolation(error)) throw error;
    const first = await repeated(prisma, job.ownerId, idempotency);
    if (first !== null) return first;
    // The first call with this key has since been refused and gave the key back: this one is now the first.
    return isAbout(error, 'idempotency_key') ? 'again' : ALREADY_OPEN;
  }
}

/** The checks of `tryToCreate` without its locks: a concurrent call may change the answer. */
async function rehearse(
  prisma: PrismaClient,
  { ownerId, endpoint, estimatedMicroUsd, idempotency }: PlannedJob,
  part: Pick<Spending, 'kind' | 'units'>,
  limits: SpendLimits,
): Promise<Result<Rehearsal, CreationCode>> {
  const repeat = await repeated(prisma, ownerId, idempotency);
  if (repeat !== null) return 'refused' in repeat ? repeat : { done: { isRepeat: true, nearLimits: [] } };
  const spending = { ...part, endpoint, estimatedMicroUsd };
  const usage = await readUsage(prisma, ownerId, spending, limits);
  const message = checkQuota(spending, usage, limits);
  return message === null
    ? { done: { isRepeat: false, nearLimits: nearLimits(spending, usage, limits) } }
    : refuse('LIMIT_EXCEEDED', message);
}

async function repeated(
  prisma: Prisma.TransactionClient,
  ownerId: string,
  idempotency: NewJob['idempotency'],
): Promise<Result<CreatedJob, 'IDEMPOTENCY_CONFLICT'> | null> {
  const select = { id: true, generationId: true, idempotencyDigest: true };
  const first = await earlierCall(ownerId, idempotency, (where) => prisma.job.findUnique({ where, select }));
  if (first === null || 'refused' in first) return first;
  const { id: jobId, generationId } = first.done;
  return { done: { jobId, generationId } };
}

const ALREADY_OPEN = refuse(
  'CONFLICT',
  'A training of this avatar is already under way. Wait for its end, or cancel it.',
);

/** Undoes the transaction. */
class TriggerPhraseChanged extends Error {}

const PHRASE_CHANGED = refuse(
  'CONFLICT',
  'The trigger phrase of this avatar was changed during the call. Start the training again.',
);

const TRAINING = { kind: 'TRAINING' as const, units: 1 };

const FOREIGN_KEY_VIOLATION = 'P2003';

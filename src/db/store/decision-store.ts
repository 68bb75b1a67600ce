import { Prisma, type PrismaClient } from '../../generated/prisma/client.ts';
import { loadedJob, outboxEntry } from './job-rows.ts';
import { insertDelivery } from './deliveries.ts';
import { storable } from '../../values/jsonb.ts';
import { isFinal } from '../../domain/job-state.ts';
import type { AvatarChange } from '../../domain/decide-training.ts';
import type { Decision } from '../../domain/decide.ts';
import type { GenerationChange } from '../../domain/decide-generation.ts';
import type { Json } from '../../values/json.ts';
import type { LoadedJob, RunEventStore, Saved } from '../../jobs/apply-run-event.ts';
import type { OutboxEntry } from '../../jobs/publish-outbox.ts';

type Change = Extract<Decision, { kind: 'change' }>;
type Options = Parameters<RunEventStore['save']>[2];
type Transaction = Prisma.TransactionClient;

/** The job with its avatar and generation, as a decision needs them. */
export async function loadJob(prisma: PrismaClient, id: string): Promise<LoadedJob | null> {
  const job = await prisma.job.findUnique({ where: { id }, include: { avatar: true, generation: true } });
  return job && loadedJob(job);
}

/**
 * Saves all of a decision, provided that nothing was written since its snapshot was read: the job's revision and the
 * version of the avatar or generation are in the statements' WHERE. The outbox rows are in the same transaction.
 */
export async function saveDecision(
  prisma: PrismaClient,
  loaded: LoadedJob,
  decision: Change,
  how: Options,
): Promise<Saved> {
  try {
    const outbox = await prisma.$transaction(async (tx) => {
      await saveJob(tx, loaded, decision, how);
      if (how.delivery !== undefined) {
        await insertDelivery(tx, loaded.snapshot.job.id, how.delivery, 'APPLIED');
      }
      return saveVisible(tx, loaded, decision);
    });
    return { kind: 'saved', outbox };
  } catch (error) {
    if (error instanceof Stale) return { kind: 'stale' };
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') {
      return { kind: 'request-id-taken' };
    }
    throw error;
  }
}

class Stale extends Error {}

async function saveJob(tx: Transaction, loaded: LoadedJob, { job }: Change, how: Options) {
  const { id } = loaded.snapshot.job;
  const { releaseIdempotencyKey, ...fields } = job;
  const settles = job.state !== undefined && isFinal(job.state);
  const { count } = await tx.job.updateMany({
    where: { id, revision: loaded.revision },
    data: {
      ...fields,
      ...(settles ? { openTrainingAvatarId: null, settledBy: how.source } : {}),
      ...(releaseIdempotencyKey === true ? { idempotencyKey: null } : {}),
      ...(how.nextPollInMs === null ? { nextPollAt: null } : {}),
      revision: { increment: 1 },
    },
  });
  if (count === 0) throw new Stale();
  if (typeof how.nextPollInMs === 'number') {
    await tx.$executeRaw`
      UPDATE jobs SET next_poll_at = now() + ${how.nextPollInMs} * interval '1 millisecond' WHERE id = ${id}`;
  }
}

async function saveVisible(tx: Transaction, loaded: LoadedJob, decision: Change): Promise<OutboxEntry[]> {
  const { ownerId, version, avatarId, generationId } = loaded;
  if (version === null) return [];
  const newVersion = version + 1;
  if (decision.avatar !== null && avatarId !== null) {
    const { count } = await tx.avatar.updateMany({
      where: { id: avatarId, version },
      data: { ...avatarColumns(decision.avatar), version: newVersion },
    });
    if (count === 0) throw new Stale();
    return writeOutbox(tx, { kind: 'AVATAR', ownerId, entityId: avatarId, version: newVersion });
  }
  if (decision.generation !== null && generationId !== null) {
    const where = { id: generationId, version };
    const { count } =
      decision.generation === 'DELETE'
        ? await tx.generation.deleteMany({ where })
        : await tx.generation.updateMany({
            where,
            data: { ...generationColumns(decision.generation), version: newVersion },
          });
    if (count === 0) throw new Stale();
    return writeOutbox(tx, { kind: 'GENERATION', ownerId, entityId: generationId, version: newVersion });
  }
  return [];
}

async function writeOutbox(tx: Transaction, data: Prisma.AnnouncementCreateInput): Promise<OutboxEntry[]> {
  return [outboxEntry(await tx.announcement.create({ data }))];
}

function avatarColumns(change: AvatarChange): Prisma.AvatarUpdateManyMutationInput {
  const { error, progress, artifact, falResponseData, ...fields } = change;
  return {
    ...fields,
    progressPercent: progress.percent,
    progressQueuePosition: progress.queuePosition,
    progressSource: progress.source,
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
    ...(falResponseData === undefined ? {} : { falResponseData: asColumn(falResponseData) }),
    ...(artifact === undefined
      ? {}
      : {
          artifactTrainer: artifact.trainer,
          finetuneId: artifact.value.kind === 'FINETUNE' ? artifact.value.finetuneId : null,
          diffusersLoraFileUrl: artifact.value.kind === 'LORA' ? artifact.value.loraUrl : null,
          configFileUrl: artifact.value.kind === 'LORA' ? artifact.value.configUrl : null,
        }),
  };
}

function generationColumns(change: GenerationChange): Prisma.GenerationUpdateManyMutationInput {
  const { error, images, seed, falResponseData, ...fields } = change;
  return {
    ...fields,
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
    ...(images === undefined ? {} : { images: asColumn(images.map((image) => ({ ...image }))) }),
    ...(seed == null ? {} : { seed: BigInt(seed) }),
    ...(falResponseData === undefined ? {} : { falResponseData: asColumn(falResponseData) }),
  };
}

function asColumn(value: Json): Prisma.InputJsonValue | typeof Prisma.JsonNull {
  return storable(value) ?? Prisma.JsonNull;
}

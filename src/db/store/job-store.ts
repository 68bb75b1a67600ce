import type { Prisma, PrismaClient } from '../../generated/prisma/client.ts';
import { asPending, avatarForJob, dueJob, loadedJob } from './job-rows.ts';
import { createJob } from './create-job.ts';
import { FINAL_STATES, OPEN_STATES } from '../../domain/job-state.ts';
import { forgetDeliveries, keepDelivery } from './deliveries.ts';
import { isId } from '../../jobs/ids.ts';
import { lockOwner } from './quota-usage.ts';
import { saveDecision } from './save-decision.ts';
import type { DueJob, JobStanding, JobStore, LoadedJob, PollResult, OutboxEntry } from '../../jobs/ports.ts';
import type { SpendLimits } from '../../domain/quota.ts';
import type { AvatarStore, NewAvatar } from '../../jobs/create-avatar.ts';
import { ERROR_CODES, type ErrorCode } from '../../domain/user-error.ts';
import type { GenerationReader } from '../../live/wait-for-generation.ts';

/** The jobs' memory, in PostgreSQL or its embedded twin. All waiting times are counted by the database's clock. */
export class PrismaJobStore implements JobStore, AvatarStore, GenerationReader {
  readonly #prisma: PrismaClient;
  readonly #limits: SpendLimits;

  constructor(prisma: PrismaClient, limits: SpendLimits) {
    this.#prisma = prisma;
    this.#limits = limits;
  }

  async findAvatar(ownerId: string, avatarId: string) {
    if (!isId(avatarId)) return null;
    const avatar = await this.#prisma.avatar.findFirst({ where: { id: avatarId, ownerId } });
    return avatar && avatarForJob(avatar);
  }

  async insertAvatar(avatar: NewAvatar): ReturnType<AvatarStore['insertAvatar']> {
    const limit = this.#limits.avatarsPerOwner;
    return this.#prisma.$transaction(async (tx) => {
      if (limit !== null) {
        await lockOwner(tx, avatar.ownerId);
        const count = await tx.avatar.count({ where: { ownerId: avatar.ownerId } });
        if (count >= limit) return { full: limit };
      }
      const { id, ownerId, version } = await tx.avatar.create({ data: avatar });
      const data = { kind: 'AVATAR', ownerId, entityId: id, version };
      return { announcements: [asPending(await tx.announcement.create({ data }))] };
    });
  }

  async generationStanding(ownerId: string, generationId: string) {
    const generation = await this.#prisma.generation.findFirst({
      where: { id: generationId, ownerId },
      select: { version: true, status: true },
    });
    if (generation === null) return null;
    const hasEnded = generation.status !== 'QUEUED' && generation.status !== 'RUNNING';
    return { version: generation.version, hasEnded };
  }

  createTraining: JobStore['createTraining'] = (job) => createJob(this.#prisma, job, null, this.#limits);

  createGeneration: JobStore['createGeneration'] = async (job, generation) => {
    const creation = await createJob(this.#prisma, job, generation, this.#limits);
    if (creation.kind === 'busy')
      throw new Error('A generation violated a unique index that has only trainings');
    return creation;
  };

  save: JobStore['save'] = (loaded, decision, how) => saveDecision(this.#prisma, loaded, decision, how);

  async standing(jobId: string): Promise<JobStanding | null> {
    const job = await this.#prisma.job.findUnique({ where: { id: jobId } });
    if (job === null) return null;
    const { state, generationId, submittedAt, errorCode, errorMessage } = job;
    const code = ERROR_CODES.find((known): known is ErrorCode => known === errorCode);
    return {
      state,
      generationId,
      submitted: submittedAt !== null,
      error: code === undefined ? null : { code, message: errorMessage ?? '' },
    };
  }

  async load(jobId: string): Promise<LoadedJob | null> {
    const job = await this.#prisma.job.findUnique({
      where: { id: jobId },
      include: { avatar: true, generation: true },
    });
    return job && loadedJob(job);
  }

  async findByRequestId(requestId: string) {
    return this.#prisma.job.findUnique({
      where: { falRequestId: requestId },
      select: { id: true, token: true },
    });
  }

  async findByToken(token: string) {
    return this.#prisma.job.findUnique({ where: { token }, select: { id: true, falRequestId: true } });
  }

  keepDelivery: JobStore['keepDelivery'] = (jobId, delivery, how) =>
    keepDelivery(this.#prisma, jobId, delivery, how);

  forgetDeliveries: JobStore['forgetDeliveries'] = (stop) => forgetDeliveries(this.#prisma, stop);

  async claimDue(
    limit: number,
    { leaseMs, furthestMs }: Parameters<JobStore['claimDue']>[1],
  ): Promise<DueJob[]> {
    const claimed = await this.#prisma.$queryRaw<{ id: string; now: Date }[]>`
      UPDATE jobs SET next_poll_at = now() + ${leaseMs} * interval '1 millisecond'
      WHERE id IN (
        SELECT id FROM jobs
        WHERE next_poll_at <= now()
          OR (next_poll_at > now() + ${furthestMs} * interval '1 millisecond' AND state <> 'SUBMIT_UNKNOWN')
        ORDER BY next_poll_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
      )
      RETURNING id, now() AS now`;
    const [first] = claimed;
    if (first === undefined) return [];
    const jobs = await this.#prisma.job.findMany({ where: { id: { in: claimed.map(({ id }) => id) } } });
    return jobs.map((job) => dueJob(job, first.now));
  }

  async due(jobId: string): Promise<DueJob | null> {
    const job = await this.#prisma.job.findUnique({ where: { id: jobId } });
    return job && dueJob(job, await this.#now());
  }

  async reschedule(job: DueJob, inMs: number | null, found: PollResult): Promise<void> {
    // Whoever settled the job, bound it or asked for a look meanwhile has planned anew, and that counts.
    await this.#prisma.$executeRaw`
      UPDATE jobs SET
        next_poll_at = now() + ${inMs}::float8 * interval '1 millisecond',
        poll_failures = CASE WHEN ${found} = 'nothing' THEN poll_failures + 1 ELSE 0 END,
        not_found_since = CASE ${found}
          WHEN 'not-found' THEN coalesce(not_found_since, now()) WHEN 'nothing' THEN not_found_since END
      WHERE id = ${job.id} AND next_poll_at = ${job.nextPollAt}::timestamptz`;
  }

  async requestCancel(ownerId: string, avatarId: string): Promise<DueJob | null> {
    const [job] = await this.#prisma.job.updateManyAndReturn({
      where: { openTrainingAvatarId: avatarId, ownerId, cancelRequestedAt: null },
      data: { cancelRequestedAt: new Date(), revision: { increment: 1 } },
    });
    const asked =
      job ?? (await this.#prisma.job.findFirst({ where: { openTrainingAvatarId: avatarId, ownerId } }));
    return asked && dueJob(asked, await this.#now());
  }

  /** By the database's clock, which all instances share. */
  async #now(): Promise<Date> {
    const [row] = await this.#prisma.$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
    return row?.now ?? new Date();
  }

  async cancelAnswered(jobId: string): Promise<void> {
    const cancelAnsweredAt = new Date();
    await this.#prisma.$transaction([
      this.#prisma.job.updateMany({ where: { id: jobId }, data: { cancelAnsweredAt } }),
      this.#prisma.job.updateMany({
        where: { id: jobId, state: { in: [...FINAL_STATES] } },
        data: { nextPollAt: null },
      }),
    ]);
  }

  async deleteAvatar(ownerId: string, avatarId: string): Promise<readonly OutboxEntry[] | null> {
    if (!isId(avatarId)) return null;
    return this.#prisma.$transaction(async (tx) => {
      if ((await tx.avatar.findFirst({ where: { id: avatarId, ownerId } })) === null) return null;
      // Jobs before the avatar, as everybody who saves a decision takes them.
      await endJobs(tx, avatarId);
      const [avatar] = await tx.$queryRaw<{ version: number }[]>`
        SELECT version FROM avatars WHERE id = ${avatarId} AND owner_id = ${ownerId} FOR UPDATE`;
      if (avatar === undefined) return null;
      // Those that were written meanwhile. Whoever writes another one now waits for the avatar, and finds it gone.
      await endJobs(tx, avatarId);
      const generations = await tx.generation.findMany({
        where: { avatarId, status: { in: ['QUEUED', 'RUNNING'] } },
        select: { id: true, version: true },
      });
      await tx.avatar.delete({ where: { id: avatarId } });
      const gone = [
        { kind: 'AVATAR' as const, entityId: avatarId, version: avatar.version + 1 },
        ...generations.map(({ id, version }) => ({
          kind: 'GENERATION' as const,
          entityId: id,
          version: version + 1,
        })),
      ];
      const rows = await tx.announcement.createManyAndReturn({
        data: gone.map((news) => ({ ...news, ownerId })),
      });
      return rows.map(asPending);
    });
  }

  async unannounced(limit: number, olderThanMs: number): Promise<OutboxEntry[]> {
    const rows = await this.#prisma.$queryRaw<{ id: bigint }[]>`
      SELECT id FROM announcements
      WHERE created_at <= now() - ${olderThanMs} * interval '1 millisecond'
        -- Written before the clock was put back.
        OR created_at > now() + interval '1 minute'
      ORDER BY id LIMIT ${limit}`;
    if (rows.length === 0) return [];
    const found = await this.#prisma.announcement.findMany({
      where: { id: { in: rows.map(({ id }) => id) } },
      orderBy: { id: 'asc' },
    });
    return found.map(asPending);
  }

  async announced(ids: readonly bigint[]): Promise<void> {
    await this.#prisma.announcement.deleteMany({ where: { id: { in: [...ids] } } });
  }
}

/** What the caller handed in goes with the avatar; what remains of a job is its run at fal, which is to be stopped. */
async function endJobs(tx: Prisma.TransactionClient, avatarId: string): Promise<void> {
  const now = new Date();
  await tx.job.updateMany({
    where: { avatarId, state: { in: [...OPEN_STATES] } },
    data: {
      state: 'CANCELLED',
      settledBy: 'DELETE',
      settledAt: now,
      cancelRequestedAt: now,
      openTrainingAvatarId: null,
      nextPollAt: now,
      revision: { increment: 1 },
    },
  });
  await tx.job.updateMany({ where: { avatarId }, data: { input: {} } });
  await tx.webhookDelivery.updateMany({ where: { job: { avatarId } }, data: { body: null } });
}

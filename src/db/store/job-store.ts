import type pg from 'pg';
import type { PrismaClient } from '../../generated/prisma/client.ts';
import { batched } from '../batched.ts';
import { avatarForJob, jobToPoll } from './job-rows.ts';
import { deleteAvatar, deleteGeneration } from './deletions.ts';
import { FINAL_STATES, OPEN_STATES } from '../../domain/job-state.ts';
import { findGeneration, findGenerationStatus, findGenerationVersion } from './generations.ts';
import { forgetDeliveries, keepDelivery } from './deliveries.ts';
import { findCreation, insertAvatar, updateAvatar } from './avatars.ts';
import { isId } from '../../jobs/ids.ts';
import { JobCreations } from './create-job.ts';
import { DecisionStore } from './decision-store.ts';
import { findTraining, setArtifact } from './trainings.ts';
import type { AvatarStore } from '../../jobs/create-avatar.ts';
import type { CancelGenerationDeps } from '../../jobs/cancel-generation.ts';
import type { DeleteAvatarDeps } from '../../jobs/delete-avatar.ts';
import type { DeleteGenerationDeps } from '../../jobs/delete-generation.ts';
import type { GenerateImageDeps } from '../../jobs/generate-image.ts';
import type { GenerationReader } from '../../live/wait-for-generation.ts';
import type { JobKey, WebhookStore } from '../../jobs/handle-webhook.ts';
import type { JobToPoll, PollOutcome, PollStore } from '../../jobs/poll-job.ts';
import type { ImportAvatarDeps } from '../../jobs/import-avatar.ts';
import type { LeaseStore } from '../../jobs/reconcile.ts';
import type { RunEventStore } from '../../jobs/apply-run-event.ts';
import type { OutboxEntry, OutboxStore } from '../../jobs/publish-outbox.ts';
import type { PromoteDeps } from '../../jobs/promote.ts';
import type { RegenerateDeps } from '../../jobs/regenerate.ts';
import type { RehearsalStore } from '../../jobs/dry-run.ts';
import type { ReplayStore } from '../../jobs/replay.ts';
import type { RunOf } from '../../jobs/cancel-run.ts';
import type { SubmitDeps } from '../../jobs/submit.ts';
import type { SpendLimits } from '../../domain/quota.ts';
import type { StartTrainingDeps } from '../../jobs/start-training.ts';
import type { UpdateStore } from '../../jobs/update-avatar.ts';

/** Of one statement. */
const MAX_DELETIONS = 500;
/** A third less CPU for PostgreSQL, and a fifth for this process, when 32 webhooks at once are recorded. */
const DELETION_WAIT_MS = 50;

/** Jobs, avatars and the outbox in the database. All waiting times are on the database's clock. */
export class PrismaJobStore
  implements
    AvatarStore,
    GenerationReader,
    LeaseStore,
    OutboxStore,
    PollStore,
    ReplayStore,
    RunEventStore,
    UpdateStore,
    WebhookStore
{
  readonly #prisma: PrismaClient;
  readonly #limits: SpendLimits;
  readonly #instanceId: string | null;
  readonly #decisions: DecisionStore;
  readonly #creations: JobCreations;
  readonly #deleteFromOutbox: OutboxStore['deleteFromOutbox'];

  constructor(
    { prisma, pool }: { readonly prisma: PrismaClient; readonly pool: pg.Pool },
    limits: SpendLimits,
    /** Null: nobody can free its leases. */
    instanceId: string | null = null,
  ) {
    this.#prisma = prisma;
    this.#limits = limits;
    this.#instanceId = instanceId;
    this.#decisions = new DecisionStore(pool);
    this.#creations = new JobCreations(prisma, limits);
    this.#deleteFromOutbox = batched(
      async (lists: readonly (readonly bigint[])[]) => {
        // A deletion that a power cut undoes is made up for by another notification, so it need not wait for the disk.
        const text = `
          WITH lazily AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS setting)
          DELETE FROM announcements USING lazily WHERE id = ANY($1::bigint[]) AND setting IS NOT NULL`;
        await pool.query({ name: 'delete_from_outbox', text, values: [lists.flat()] });
        return lists.map(() => undefined);
      },
      { maxBatchSize: MAX_DELETIONS, waitMs: DELETION_WAIT_MS },
    );
  }

  async findAvatar(ownerId: string, avatarId: string) {
    if (!isId(avatarId)) return null;
    const avatar = await this.#prisma.avatar.findFirst({ where: { id: avatarId, ownerId } });
    return avatar && avatarForJob(avatar);
  }

  insertAvatar: AvatarStore['insertAvatar'] = (avatar, idempotency) =>
    insertAvatar(this.#prisma, avatar, idempotency, this.#limits.avatarsPerOwner);

  findCreation: ImportAvatarDeps['store']['findCreation'] = (ownerId, idempotency) =>
    findCreation(this.#prisma, ownerId, idempotency);

  updateAvatar: UpdateStore['updateAvatar'] = (ownerId, avatarId, update) =>
    updateAvatar(this.#prisma, ownerId, avatarId, update);

  findGeneration: RegenerateDeps['store']['findGeneration'] = (ownerId, id) =>
    findGeneration(this.#prisma, ownerId, id);

  findGenerationStatus: CancelGenerationDeps['store']['findGenerationStatus'] = (ownerId, id) =>
    findGenerationStatus(this.#prisma, ownerId, id);

  findGenerationVersion: GenerationReader['findGenerationVersion'] = (ownerId, id) =>
    findGenerationVersion(this.#prisma, ownerId, id);

  createTraining: StartTrainingDeps['store']['createTraining'] = (job) => this.#creations.createTraining(job);

  findFirst: StartTrainingDeps['store']['findFirst'] = (ownerId, idempotency) =>
    this.#creations.findFirst(ownerId, idempotency);

  createGeneration: GenerateImageDeps['store']['createGeneration'] = (job, generation) =>
    this.#creations.createGeneration(job, generation);

  rehearseTraining: RehearsalStore['rehearseTraining'] = (job) => this.#creations.rehearseTraining(job);

  rehearseGeneration: RehearsalStore['rehearseGeneration'] = (job, numImages) =>
    this.#creations.rehearseGeneration(job, numImages);

  async switchTo(...[jobId, to]: Parameters<SubmitDeps['store']['switchTo']>): Promise<boolean> {
    const switched = await this.#prisma.$executeRaw`
      UPDATE jobs SET trainer = ${to.trainer}, trainer_note = ${to.trainerNote ?? null}, endpoint = ${to.endpoint},
        input = ${JSON.stringify(to.input)}::jsonb, estimated_micro_usd = ${to.estimatedMicroUsd}::bigint,
        next_poll_at = now() + interval '1 minute', revision = revision + 1, updated_at = now()
      WHERE id = ${jobId} AND state = 'SUBMITTING' AND cancel_requested_at IS NULL AND avatar_id IS NOT NULL`;
    return switched === 1;
  }

  load: RunEventStore['load'] = (jobId) => this.#decisions.load(jobId);

  save: RunEventStore['save'] = (loaded, decision, how) => this.#decisions.save(loaded, decision, how);

  async findSubmitOutcome(jobId: string) {
    const select = { state: true, errorCode: true, errorMessage: true, pauseReason: true, retryAt: true };
    return this.#prisma.job.findUnique({ where: { id: jobId }, select });
  }

  findForWebhook: WebhookStore['findForWebhook'] = (requestId, token) =>
    this.#decisions.findForWebhook(requestId, token);

  keepDelivery: WebhookStore['keepDelivery'] = (jobId, delivery, options) =>
    keepDelivery(this.#prisma, jobId, delivery, { ...options, leasedBy: this.#instanceId });

  forgetDeliveries(stop: AbortSignal): Promise<void> {
    return forgetDeliveries(this.#prisma, stop);
  }

  async claimDue(
    limit: number,
    { leaseMs, furthestMs }: Parameters<LeaseStore['claimDue']>[1],
  ): Promise<JobToPoll[]> {
    const claimed = await this.#prisma.$queryRaw<{ id: string; now: Date }[]>`
      UPDATE jobs SET leased_by = ${this.#instanceId}, leased_until = lease.until, next_poll_at = lease.until
      FROM (SELECT now() + ${leaseMs} * interval '1 millisecond' AS until) lease
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
    return jobs.map((job) => jobToPoll(job, first.now));
  }

  async findJobToPoll(key: JobKey): Promise<JobToPoll | null> {
    const where = 'jobId' in key ? { id: key.jobId } : { falRequestId: key.requestId };
    const job = await this.#prisma.job.findUnique({ where });
    return job && jobToPoll(job, await this.#now());
  }

  async reschedule(job: JobToPoll, nextPollInMs: number | null, outcome: PollOutcome): Promise<void> {
    // Not when another poll or event has planned since: its plan counts.
    await this.#prisma.$executeRaw`
      UPDATE jobs SET
        next_poll_at = now() + ${nextPollInMs}::float8 * interval '1 millisecond',
        poll_failures = CASE WHEN ${outcome} = 'no-answer' THEN poll_failures + 1 ELSE 0 END,
        not_found_since = CASE ${outcome}
          WHEN 'not-found' THEN coalesce(not_found_since, now()) WHEN 'no-answer' THEN not_found_since END
      WHERE id = ${job.id} AND next_poll_at = ${job.nextPollAt}::timestamptz`;
  }

  async requestCancel(ownerId: string, of: RunOf): Promise<JobToPoll | null> {
    if (!isId('avatarId' in of ? of.avatarId : of.generationId)) return null;
    const open =
      'avatarId' in of
        ? { openTrainingAvatarId: of.avatarId, ownerId }
        : { generationId: of.generationId, ownerId, state: { in: [...OPEN_STATES] } };
    const [job] = await this.#prisma.job.updateManyAndReturn({
      where: { ...open, cancelRequestedAt: null },
      data: { cancelRequestedAt: new Date(), revision: { increment: 1 } },
    });
    const asked = job ?? (await this.#prisma.job.findFirst({ where: open }));
    return asked && jobToPoll(asked, await this.#now());
  }

  /** All instances share the database's clock. */
  async #now(): Promise<Date> {
    const [row] = await this.#prisma.$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
    return row?.now ?? new Date();
  }

  async markCancelAnswered(jobId: string): Promise<void> {
    const cancelAnsweredAt = new Date();
    await this.#prisma.$transaction([
      this.#prisma.job.updateMany({ where: { id: jobId }, data: { cancelAnsweredAt } }),
      this.#prisma.job.updateMany({
        where: { id: jobId, state: { in: [...FINAL_STATES] } },
        data: { nextPollAt: null },
      }),
    ]);
  }

  deleteAvatar: DeleteAvatarDeps['store']['deleteAvatar'] = (ownerId, id) =>
    deleteAvatar(this.#prisma, ownerId, id);

  deleteGeneration: DeleteGenerationDeps['store']['deleteGeneration'] = (ownerId, id) =>
    deleteGeneration(this.#prisma, ownerId, id);

  findTraining: PromoteDeps['store']['findTraining'] = (ownerId, id) =>
    findTraining(this.#prisma, ownerId, id);

  setArtifact: PromoteDeps['store']['setArtifact'] = (ownerId, avatarId, artifact) =>
    setArtifact(this.#prisma, ownerId, avatarId, artifact);

  async readOutbox(limit: number, olderThanMs: number): Promise<OutboxEntry[]> {
    return this.#prisma.$queryRaw<OutboxEntry[]>`
      SELECT id, kind, owner_id AS "ownerId", entity_id AS "entityId", version FROM announcements
      WHERE created_at <= now() - ${olderThanMs} * interval '1 millisecond'
        -- Written before the clock was put back.
        OR created_at > now() + interval '1 minute'
      ORDER BY id LIMIT ${limit}`;
  }

  deleteFromOutbox: OutboxStore['deleteFromOutbox'] = (ids) => this.#deleteFromOutbox(ids);
}

import { after, snapshotOf, type World } from './domain-fixtures.ts';
import { isFinal } from '../../src/domain/job-state.ts';
import type { JobKey, WebhookDeps } from '../../src/jobs/handle-webhook.ts';
import type { JobToPoll, PollOutcome } from '../../src/jobs/poll-job.ts';
import type { LeaseStore } from '../../src/jobs/reconcile.ts';
import type { LoadedJob, Saved } from '../../src/jobs/apply-run-event.ts';
import type { OutboxEntry, OutboxStore } from '../../src/jobs/publish-outbox.ts';

type RunStore = WebhookDeps['store'] & OutboxStore & LeaseStore;

/** A job as the store keeps it, with the row that people see. */
export type Row = {
  world: World;
  token: string;
  revision: number;
  /** Of the avatar or generation. */
  version: number;
  pollFailures: number;
  /** By the store's clock; null while fal knows the run. */
  notFoundSince: number | null;
  ageMs: number;
  cancelAnswered: boolean;
  /** As save() or reschedule() last set it; undefined: never set. */
  nextPollInMs: number | null | undefined;
};

/**
 * A store at the port, in memory, with the database's promise: a save goes through only if nothing was written since
 * its row was read. Only what a run needs after its submit is here; the rest throws.
 */
export class MemoryStore implements RunStore {
  readonly rows = new Map<string, Row>();
  /** What became of each delivery, by its digest. */
  readonly deliveries = new Map<string, string>();
  readonly pending = new Map<bigint, OutboxEntry>();
  /** Called between a load and its save: what others do at the same time. */
  beforeSave: (row: Row) => void = () => undefined;
  loads = 0;
  /** The store's clock, in milliseconds. */
  now = 0;
  #lastId = 0n;

  add(id: string, world: World, row: Partial<Row> = {}): Row {
    const added = {
      world: { ...world, job: { ...world.job, id } },
      token: `token-of-${id}`,
      revision: 0,
      version: 1,
      pollFailures: 0,
      notFoundSince: null,
      ageMs: 0,
      cancelAnswered: false,
      nextPollInMs: undefined,
      ...row,
    };
    this.rows.set(id, added);
    return added;
  }

  async load(jobId: string): Promise<LoadedJob | null> {
    this.loads += 1;
    const row = this.rows.get(jobId);
    if (row === undefined) return null;
    const { avatar, generation } = row.world;
    return {
      snapshot: snapshotOf(row.world),
      ownerId: 'ada',
      revision: row.revision,
      nextPollAt: this.#plannedAt(row),
      avatarId: avatar && `avt-of-${jobId}`,
      generationId: generation && `gen-of-${jobId}`,
      version: avatar === null && generation === null ? null : row.version,
      answer: (avatar ?? generation)?.falResponseData,
    };
  }

  save: RunStore['save'] = async (loaded, decision, how): Promise<Saved> => {
    const { id } = loaded.snapshot.job;
    const row = this.rows.get(id);
    if (row === undefined) throw new Error('no such row');
    this.beforeSave(row);
    if (row.revision !== loaded.revision) return { kind: 'stale' };
    const bound = decision.job.falRequestId;
    const others = [...this.rows.values()].filter((other) => other !== row);
    if (bound !== undefined && others.some(({ world }) => world.job.falRequestId === bound)) {
      return { kind: 'request-id-taken' };
    }
    row.world = after(row.world, decision);
    row.revision += 1;
    if (how.delivery !== undefined) this.deliveries.set(how.delivery.digest, 'APPLIED');
    if (how.nextPollInMs !== undefined) row.nextPollInMs = how.nextPollInMs;
    const announcement = this.#announcementOf(loaded, row, decision.avatar ?? decision.generation);
    return { kind: 'saved', outbox: announcement === null ? [] : [announcement] };
  };

  #announcementOf(loaded: LoadedJob, row: Row, change: unknown): OutboxEntry | null {
    const entityId = loaded.avatarId ?? loaded.generationId;
    if (change === null || entityId === null) return null;
    row.version += 1;
    this.#lastId += 1n;
    const kind = loaded.avatarId === null ? ('GENERATION' as const) : ('AVATAR' as const);
    const announcement = { id: this.#lastId, kind, ownerId: 'ada', entityId, version: row.version };
    this.pending.set(announcement.id, announcement);
    return announcement;
  }

  async findForWebhook(requestId: string, token: string | null) {
    return [...this.rows]
      .map(([id, row]) => ({ id, token: row.token, falRequestId: row.world.job.falRequestId }))
      .filter((job) => job.falRequestId === requestId || job.token === token);
  }

  async findJobToPoll(key: JobKey): Promise<JobToPoll | null> {
    const jobId = 'jobId' in key ? key.jobId : (await this.findForWebhook(key.requestId, null))[0]?.id;
    const row = jobId === undefined ? undefined : this.rows.get(jobId);
    if (jobId === undefined || row === undefined) return null;
    const { job } = row.world;
    const urls = { statusUrl: job.statusUrl, responseUrl: null, cancelUrl: null };
    return {
      id: jobId,
      state: job.state,
      run: job.falRequestId === null ? null : { endpoint: 'fal-ai/x', requestId: job.falRequestId, ...urls },
      pollFailures: row.pollFailures,
      notFoundForMs: row.notFoundSince === null ? 0 : this.now - row.notFoundSince,
      ageMs: row.ageMs,
      cancelPending: job.cancelRequested && !row.cancelAnswered,
      revision: row.revision,
      nextPollAt: this.#plannedAt(row),
    };
  }

  #plannedAt({ nextPollInMs }: Row): Date | null {
    return nextPollInMs === null ? null : new Date(this.now);
  }

  async reschedule({ id }: JobToPoll, inMs: number | null, outcome: PollOutcome): Promise<void> {
    const row = this.rows.get(id);
    if (row === undefined) return;
    row.nextPollInMs = inMs;
    row.pollFailures = outcome === 'no-answer' ? row.pollFailures + 1 : 0;
    if (outcome === 'answered') row.notFoundSince = null;
    if (outcome === 'not-found') row.notFoundSince ??= this.now;
  }

  async markCancelAnswered(jobId: string): Promise<void> {
    const row = this.rows.get(jobId);
    if (row === undefined) return;
    row.cancelAnswered = true;
    if (isFinal(row.world.job.state)) row.nextPollInMs = null;
  }

  keepDelivery: RunStore['keepDelivery'] = async (jobId, { digest }, { outcome }) => {
    const isNew = !this.deliveries.has(digest);
    if (isNew) this.deliveries.set(digest, outcome);
    const row = this.rows.get(jobId);
    const pollNow = isNew && outcome === 'CONFLICT' && row !== undefined && row.nextPollInMs == null;
    if (pollNow) row.nextPollInMs = 0;
    return { isNew, pollNow };
  };

  async deleteFromOutbox(ids: readonly bigint[]): Promise<void> {
    for (const id of ids) this.pending.delete(id);
  }

  claimDue: RunStore['claimDue'] = notHere;
  readOutbox: RunStore['readOutbox'] = notHere;
}

function notHere(): Promise<never> {
  return Promise.reject(new Error('this store does not do that'));
}

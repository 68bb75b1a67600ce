import type { DueJob, JobStore, LoadedJob, PollResult, OutboxEntry, Saved } from '../../src/jobs/ports.ts';
import { after, snapshotOf, type World } from './domain-fixtures.ts';
import { isFinal } from '../../src/domain/job-state.ts';

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
export class MemoryStore implements JobStore {
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

  save: JobStore['save'] = async (loaded, decision, how): Promise<Saved> => {
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
    return { kind: 'saved', announcements: announcement === null ? [] : [announcement] };
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

  async findByRequestId(requestId: string) {
    const found = [...this.rows].find(([, { world }]) => world.job.falRequestId === requestId);
    return found === undefined ? null : { id: found[0], token: found[1].token };
  }

  async findByToken(token: string) {
    const found = [...this.rows].find(([, row]) => row.token === token);
    return found === undefined ? null : { id: found[0], falRequestId: found[1].world.job.falRequestId };
  }

  async due(jobId: string): Promise<DueJob | null> {
    const row = this.rows.get(jobId);
    if (row === undefined) return null;
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

  async reschedule({ id }: DueJob, inMs: number | null, found: PollResult): Promise<void> {
    const row = this.rows.get(id);
    if (row === undefined) return;
    row.nextPollInMs = inMs;
    row.pollFailures = found === 'nothing' ? row.pollFailures + 1 : 0;
    if (found === 'answer') row.notFoundSince = null;
    if (found === 'not-found') row.notFoundSince ??= this.now;
  }

  async cancelAnswered(jobId: string): Promise<void> {
    const row = this.rows.get(jobId);
    if (row === undefined) return;
    row.cancelAnswered = true;
    if (isFinal(row.world.job.state)) row.nextPollInMs = null;
  }

  keepDelivery: JobStore['keepDelivery'] = async (jobId, { digest }, { outcome }) => {
    const isNew = !this.deliveries.has(digest);
    if (isNew) this.deliveries.set(digest, outcome);
    const row = this.rows.get(jobId);
    const isDue = isNew && outcome === 'CONFLICT' && row !== undefined && row.nextPollInMs == null;
    if (isDue) row.nextPollInMs = 0;
    return { isNew, isDue };
  };

  async announced(ids: readonly bigint[]): Promise<void> {
    for (const id of ids) this.pending.delete(id);
  }

  findAvatar = notHere;
  createTraining = notHere;
  createGeneration = notHere;
  standing = notHere;
  claimDue: JobStore['claimDue'] = notHere;
  requestCancel = notHere;
  deleteAvatar = notHere;
  unannounced: JobStore['unannounced'] = notHere;
  forgetDeliveries = notHere;
}

function notHere(): Promise<never> {
  return Promise.reject(new Error('this store does not do that'));
}

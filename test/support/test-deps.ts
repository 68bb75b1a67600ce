import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { afterAll, beforeEach, onTestFinished } from 'vitest';
import { InFlight } from '../../src/async/in-flight.ts';
import { isFinal } from '../../src/domain/job-state.ts';
import { NO_LIMITS } from '../../src/domain/quota.ts';
import { createJobStore, type JobStore } from '../../src/db/store/job-store.ts';
import type { CancelOutcome, RunProvider, RunRef, RunStatus } from '../../src/jobs/poll-job.ts';
import type { Notification } from '../../src/jobs/publish-outbox.ts';
import type { Prisma } from '../../src/generated/prisma/client.ts';
import { freshDatabase } from './database.ts';
import { memoryLog } from './memory-log.ts';
import { avatarRow, jobRow } from './rows.ts';

/** A provider whose answers the test sets, and which records what it was asked. */
class FakeProvider implements RunProvider {
  status: RunStatus = { kind: 'queued', position: null };
  cancelOutcome: CancelOutcome = 'requested';
  readonly polled: string[] = [];
  readonly cancelled: string[] = [];

  async fetchStatus({ requestId }: RunRef): Promise<RunStatus> {
    this.polled.push(requestId);
    return this.status;
  }

  async cancel({ requestId }: RunRef): Promise<CancelOutcome> {
    this.cancelled.push(requestId);
    return this.cancelOutcome;
  }
}

export const POLL_MS = 3000;

export type JobColumns = Partial<Prisma.JobUncheckedCreateInput>;

/** A database for the jobs of one test file, empty before every test. */
export async function jobsDatabase() {
  const { database, drop } = await freshDatabase();
  const { prisma, pool } = database;
  afterAll(drop);
  beforeEach(() => pool.query('DELETE FROM avatars; DELETE FROM jobs; DELETE FROM announcements'));

  /** Inserts a job with its avatar and generation, which show the job's state. */
  async function add(id: string, columns: JobColumns = {}): Promise<void> {
    const avatarId = `avt-of-${id}`;
    const generationId = columns.kind === 'GENERATION' ? `gen-of-${id}` : null;
    const { state = 'SUBMITTING', falRequestId = null } = columns;
    const shown = { SUBMITTING: 'DRAFT', SUBMIT_UNKNOWN: 'QUEUED', RUNNING: 'TRAINING' } as const;
    const status = state in shown ? shown[state as keyof typeof shown] : (state as 'QUEUED');
    await prisma.avatar.create({ data: { ...avatarRow(avatarId), status, falRequestId } });
    if (generationId !== null) {
      const generation = { id: generationId, ownerId: 'owner', avatarId, prompt: 'x', numImages: 1 };
      await prisma.generation.create({ data: generation });
    }
    const nextPoll = isFinal(state) ? { nextPollAt: null } : {};
    await prisma.job.create({
      data: { ...jobRow(id, avatarId), token: `token-of-${id}`, generationId, ...nextPoll, ...columns },
    });
  }

  const read = (id: string) =>
    prisma.job.findUniqueOrThrow({ where: { id }, include: { avatar: true, generation: true } });

  /** The dependencies of one test: the real store, with a fake at every other port. */
  function testDeps() {
    const store = createJobStore(database, { ...NO_LIMITS, avatarsPerOwner: null }, 'instance');
    const provider = new FakeProvider();
    const log = memoryLog();
    const published: Notification[] = [];
    const publisher = {
      publish: async (notification: Notification): Promise<void> => {
        published.push(notification);
      },
    };
    const deps = {
      store,
      catalog: BUILT_IN,
      provider,
      publisher,
      log,
      metrics: { runEnded: () => undefined },
      inFlight: new InFlight(),
      settings: { pollIntervalMs: POLL_MS },
    };
    onTestFinished(async () => {
      await deps.inFlight.drain(20_000);
    });
    return { deps, store, provider, log, published, publisher, polls: plannedPolls(store) };
  }

  return { prisma, pool, add, read, testDeps };
}

/** Milliseconds until the next poll, for each write that plans one; null: no poll. */
function plannedPolls(store: JobStore): (number | null)[] {
  const planned: (number | null)[] = [];
  const save = store.save.bind(store);
  const reschedule = store.reschedule.bind(store);
  store.save = (loaded, decision, options) => {
    if (options.nextPollInMs !== undefined) planned.push(options.nextPollInMs);
    return save(loaded, decision, options);
  };
  store.reschedule = (job, nextPollInMs, outcome) => {
    planned.push(nextPollInMs);
    return reschedule(job, nextPollInMs, outcome);
  };
  return planned;
}

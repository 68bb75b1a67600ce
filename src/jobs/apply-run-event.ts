import { decide } from '../domain/decide.ts';
import { isFinal, type IgnoreReason } from '../domain/job-state.ts';
import { UNKNOWN_OUTCOME_DEADLINE_MS } from './timing.ts';
import type { Decision } from '../domain/decide.ts';
import type { Delivery, DueJob, LoadedJob, OutboxEntry, JobDeps } from './ports.ts';
import type { RunEvent, Source } from '../domain/run-event.ts';

/** News of a run, and who brought it. */
export type RunEventReport = {
  readonly event: RunEvent;
  readonly source: Source;
  /** For a webhook what is kept of it. */
  readonly delivery?: Delivery;
  /**
   * The job as it was before fal was asked. With it the news counts only while nothing newer is known: fal's answer may
   * have taken its time, or this process stood still.
   */
  readonly asOf?: Pick<DueJob, 'revision' | 'nextPollAt'>;
};

export type ApplyResult =
  /** `isDue`: the run has to be looked at now; what the news said is not all there is to know. */
  | { readonly kind: 'applied'; readonly isDue: boolean }
  | {
      readonly kind: 'ignored';
      readonly reason: IgnoreReason | 'no-such-job' | 'request-id-taken' | 'outdated';
    };

/**
 * The one path every status change takes, whoever brings the news: read, decide, save if nothing was written
 * meanwhile (else again from the start), announce.
 *
 * Resolves once the change is committed; its announcement is on its way then, and stays pending if it fails.
 * Throws when the database does.
 */
export async function applyRunEvent(
  deps: JobDeps,
  jobId: string,
  { event, source, delivery, asOf }: RunEventReport,
): Promise<ApplyResult> {
  const { store, log, settings, metrics } = deps;
  for (;;) {
    const loaded = await store.load(jobId);
    if (loaded === null) return { kind: 'ignored', reason: 'no-such-job' };
    if (asOf !== undefined && !isStill(loaded, asOf)) {
      log.debug({ jobId, source, event: event.kind }, 'stale run event ignored');
      return { kind: 'ignored', reason: 'outdated' };
    }
    const decision = decide(loaded.snapshot, event, new Date());
    if (decision.kind === 'ignore') {
      log.debug({ jobId, source, event: event.kind, reason: decision.reason }, 'run event changed nothing');
      return { kind: 'ignored', reason: decision.reason };
    }
    const nextPollInMs = nextPoll(loaded, decision, event, settings.pollIntervalMs);
    const saved = await store.save(loaded, decision, { source, nextPollInMs, delivery });
    if (saved.kind === 'stale') continue;
    if (saved.kind === 'request-id-taken') {
      log.error(
        { jobId, source, event: event.kind },
        'fal gave one request id to two jobs; the second is not bound',
      );
      return { kind: 'ignored', reason: saved.kind };
    }
    const { state, errorCode } = decision.job;
    const { avatarId, generationId } = loaded;
    const about = { jobId, avatarId, generationId, source, event: event.kind, state, errorCode };
    log[state === 'FAILED' ? 'warn' : 'info'](about, 'run event recorded');
    const { kind } = loaded.snapshot.job;
    // A failure that is taken back was counted as one.
    const hadEnded = isFinal(loaded.snapshot.job.state);
    if (state !== undefined && isFinal(state) && !hadEnded)
      metrics.runEnded({ kind, state, errorCode: errorCode ?? null });
    publishSoon(deps, saved.announcements);
    return { kind: 'applied', isDue: nextPollInMs === 0 };
  }
}

/**
 * Begins to publish what was committed: who listens here is told before this returns. The others may have to be waited
 * for, which whoever asked for the change need not do.
 */
export function publishSoon(
  deps: Pick<JobDeps, 'store' | 'publisher' | 'log' | 'inFlight'>,
  announcements: readonly OutboxEntry[],
): void {
  void deps.inFlight.track(publish(deps, announcements));
}

/**
 * Publishes what was committed, all of it at once. Never throws: what cannot be published now stays pending and is
 * published later. Resolves with whether all of it was published and ticked off.
 */
export async function publish(
  { store, publisher, log }: Pick<JobDeps, 'store' | 'publisher' | 'log'>,
  announcements: readonly OutboxEntry[],
): Promise<boolean> {
  const ends = await Promise.allSettled(announcements.map((announcement) => publisher.publish(announcement)));
  const published = announcements.filter((_announcement, index) => ends[index]?.status === 'fulfilled');
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) {
    const count = announcements.length - published.length;
    log.warn({ err: failed.reason as unknown, count }, 'publishing notifications failed; retrying');
  }
  try {
    if (published.length > 0) await store.announced(published.map(({ id }) => id));
  } catch (error) {
    log.warn({ err: error }, 'outbox rows not deleted; they will be published again');
    return false;
  }
  return failed === undefined;
}

/** True while nothing was recorded of it, and no other look at it was taken or planned. */
function isStill(loaded: LoadedJob, { revision, nextPollAt }: NonNullable<RunEventReport['asOf']>): boolean {
  return loaded.revision === revision && loaded.nextPollAt?.getTime() === nextPollAt?.getTime();
}

/** Milliseconds until the job is to be looked at; null: never; undefined: as planned already. */
function nextPoll(
  { snapshot: { job } }: LoadedJob,
  decision: Extract<Decision, { kind: 'change' }>,
  event: RunEvent,
  intervalMs: number,
): number | null | undefined {
  // A job that ended before its run was known: fal can be told to stop it now, or asked how it ended.
  if (isFinal(job.state)) return event.kind === 'confirmed' ? null : 0;
  const state = decision.job.state ?? job.state;
  if (isFinal(state)) return null;
  if (state === 'SUBMIT_UNKNOWN') return UNKNOWN_OUTCOME_DEADLINE_MS;
  if (event.kind === 'bound') return 0;
  return event.kind === 'accepted' ? intervalMs : undefined;
}

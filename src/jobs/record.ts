import { decide } from '../domain/decide.ts';
import { isFinal, type IgnoreReason } from '../domain/next-job.ts';
import { UNKNOWN_OUTCOME_DEADLINE_MS } from './timing.ts';
import type { Decision } from '../domain/decide.ts';
import type { LoadedJob, PendingAnnouncement, Workshop } from './ports.ts';
import { requestIdOf, type RunEvent, type Source } from '../domain/run-event.ts';

export type Recorded =
  | { readonly kind: 'applied' }
  | { readonly kind: 'ignored'; readonly reason: IgnoreReason | 'no-such-job' | 'request-id-taken' };

/**
 * The one path every status change takes, whoever brings the news: read, decide, save if nothing was written
 * meanwhile (else again from the start), announce.
 *
 * Resolves once the change is committed. An announcement that fails is left for the reconciler.
 * Throws when the database does.
 */
export async function record(
  { store, announcer, log, settings }: Workshop,
  jobId: string,
  event: RunEvent,
  source: Source,
): Promise<Recorded> {
  for (;;) {
    const loaded = await store.load(jobId);
    if (loaded === null) return { kind: 'ignored', reason: 'no-such-job' };
    const decision = decide(loaded.snapshot, event, new Date());
    if (decision.kind === 'ignore') {
      log.debug(
        { jobId, source, event: event.kind, reason: decision.reason },
        'news of a run changed nothing',
      );
      return { kind: 'ignored', reason: decision.reason };
    }
    const nextPollInMs = nextPoll(loaded, decision, event, source, settings.pollIntervalMs);
    const saved = await store.save(loaded, decision, { source, nextPollInMs });
    if (saved.kind === 'stale') continue;
    if (saved.kind === 'request-id-taken') {
      log.error(
        { jobId, source, event: event.kind },
        'fal gave one request id to two jobs; the second is not bound',
      );
      return { kind: 'ignored', reason: saved.kind };
    }
    log.info(
      { jobId, source, event: event.kind, state: decision.job.state, errorCode: decision.job.errorCode },
      'news of a run recorded',
    );
    await announce({ store, announcer, log }, saved.announcements);
    return { kind: 'applied' };
  }
}

/** Publishes what was committed. Never throws: what cannot be published now, the reconciler publishes later. */
export async function announce(
  { store, announcer, log }: Pick<Workshop, 'store' | 'announcer' | 'log'>,
  announcements: readonly PendingAnnouncement[],
): Promise<void> {
  const published: bigint[] = [];
  let failure: unknown = null;
  for (const announcement of announcements) {
    try {
      await announcer.publish(announcement);
      published.push(announcement.id);
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== null) {
    const count = announcements.length - published.length;
    log.warn({ err: failure, count }, 'announcing failed; the reconciler tries again');
  }
  try {
    if (published.length > 0) await store.announced(published);
  } catch (error) {
    log.warn({ err: error }, 'announced changes could not be ticked off; they are announced again');
  }
}

/** Milliseconds until the job is to be looked at; null: never; undefined: as planned already. */
function nextPoll(
  { snapshot: { job } }: LoadedJob,
  decision: Extract<Decision, { kind: 'change' }>,
  event: RunEvent,
  source: Source,
  intervalMs: number,
): number | null | undefined {
  // A cancelled job that only now got its request id: fal still has to be told.
  if (isFinal(job.state)) return 0;
  const state = decision.job.state ?? job.state;
  // Cancelled here while its submit was answered: the run goes on at fal until fal is told.
  const isUntold = source === 'CANCEL' && requestIdOf(event) === null && job.falRequestId !== null;
  if (isFinal(state)) return isUntold ? 0 : null;
  if (state === 'SUBMIT_UNKNOWN') return UNKNOWN_OUTCOME_DEADLINE_MS;
  if (event.kind === 'bound') return 0;
  return event.kind === 'accepted' ? intervalMs : undefined;
}

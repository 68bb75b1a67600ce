import { decide, type Decision, type Snapshot } from '../domain/decide.ts';
import {
  isFinal,
  UNKNOWN_OUTCOME_DEADLINE_MS,
  type FinalState,
  type IgnoreReason,
} from '../domain/job-state.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Json } from '../values/json.ts';
import type { RunEvent, Source } from '../domain/run-event.ts';

/** A job with what the guards of its next write compare. */
export type LoadedJob = {
  readonly snapshot: Snapshot;
  readonly ownerId: string;
  readonly revision: number;
  readonly nextPollAt: Date | null;
  readonly avatarId: string | null;
  readonly generationId: string | null;
  /** Of the avatar or generation; null where it was deleted. */
  readonly version: number | null;
  /** fal's stored response to this run; undefined when it is unknown. */
  readonly response: Json | undefined;
};

/** A genuine webhook about a job. */
export type Delivery = {
  /** As signed. */
  readonly requestId: string;
  /** SHA-256 (hex) of the raw body. */
  readonly digest: string;
  readonly body: Uint8Array;
};

export type Saved =
  | { readonly kind: 'saved'; readonly outbox: readonly OutboxEntry[] }
  /** The job was changed since it was read. */
  | { readonly kind: 'stale' }
  /** Another job has this request id. */
  | { readonly kind: 'request-id-taken' };

export interface RunEventStore {
  load(jobId: string): Promise<LoadedJob | null>;
  /** One transaction: the whole decision or nothing. */
  save(
    loaded: LoadedJob,
    decision: Extract<Decision, { kind: 'change' }>,
    options: {
      readonly source: Source;
      /** Null: no further poll; undefined: the planned one stays. */
      readonly nextPollInMs: number | null | undefined;
      readonly delivery?: Delivery | undefined;
    },
  ): Promise<Saved>;
}

export type RunEventDeps = PublishDeps & {
  readonly store: RunEventStore;
  readonly catalog: Catalog;
  readonly metrics: {
    runEnded(run: {
      readonly kind: 'TRAINING' | 'GENERATION';
      readonly state: FinalState;
      readonly errorCode: string | null;
    }): void;
  };
  readonly settings: { readonly pollIntervalMs: number };
};

type RunEventReport = {
  readonly event: RunEvent;
  readonly source: Source;
  /** The webhook that brought the event; it is stored with the change. */
  readonly delivery?: Delivery;
  /** The job as it was before fal was asked: the event is ignored if the job was changed or polled since. */
  readonly asOf?: Pick<LoadedJob, 'revision' | 'nextPollAt'>;
  /** The job, where the caller has just loaded it. */
  readonly loaded?: LoadedJob;
};

export type ApplyResult =
  /** `pollNow`: the event does not say everything; the caller polls fal. */
  | { readonly kind: 'applied'; readonly pollNow: boolean }
  | {
      readonly kind: 'ignored';
      readonly reason: IgnoreReason | 'no-such-job' | 'request-id-taken' | 'outdated';
    };

/**
 * Every change of a job's state: read, decide, save unless the row changed since the read (else start over), publish.
 * Resolves once the change is committed. Throws when the database does.
 */
export async function applyRunEvent(
  deps: RunEventDeps,
  jobId: string,
  { event, source, delivery, asOf, ...report }: RunEventReport,
): Promise<ApplyResult> {
  const { store, catalog, log, settings, metrics } = deps;
  for (let known = report.loaded; ; known = undefined) {
    const loaded = known ?? (await store.load(jobId));
    if (loaded === null) return { kind: 'ignored', reason: 'no-such-job' };
    if (asOf !== undefined && !isUnchanged(loaded, asOf)) {
      log.debug({ jobId, source, event: event.kind }, 'stale run event ignored');
      return { kind: 'ignored', reason: 'outdated' };
    }
    const { job } = loaded.snapshot;
    const decision = decide(loaded.snapshot, event, { now: new Date(), catalog });
    if (decision.kind === 'ignore') {
      log.debug({ jobId, source, event: event.kind, reason: decision.reason }, 'run event changed nothing');
      return { kind: 'ignored', reason: decision.reason };
    }
    const nextPollInMs = nextPoll(loaded, decision, event, settings.pollIntervalMs);
    const saved = await store.save(loaded, decision, { source, nextPollInMs, delivery });
    if (saved.kind === 'stale') continue;
    if (saved.kind === 'request-id-taken') {
      log.error({ jobId, source, event: event.kind }, 'request id belongs to another job; not stored');
      return { kind: 'ignored', reason: saved.kind };
    }
    const { state, errorCode } = decision.job;
    const { avatarId, generationId } = loaded;
    const about = { jobId, avatarId, generationId, source, event: event.kind, state, errorCode };
    log[state === 'FAILED' ? 'warn' : 'info'](about, 'run event recorded');
    // A failure that is taken back was counted already.
    if (state !== undefined && isFinal(state) && !isFinal(job.state))
      metrics.runEnded({ kind: job.kind, state, errorCode: errorCode ?? null });
    publishSoon(deps, saved.outbox);
    return { kind: 'applied', pollNow: nextPollInMs === 0 };
  }
}

function isUnchanged(
  loaded: LoadedJob,
  { revision, nextPollAt }: NonNullable<RunEventReport['asOf']>,
): boolean {
  return loaded.revision === revision && loaded.nextPollAt?.getTime() === nextPollAt?.getTime();
}

/** Milliseconds until the next poll; null: no further poll; undefined: as planned. */
function nextPoll(
  { snapshot: { job } }: LoadedJob,
  decision: Extract<Decision, { kind: 'change' }>,
  event: RunEvent,
  intervalMs: number,
): number | null | undefined {
  // The run became known after the job's end: now it can be cancelled, or asked how it ended.
  if (isFinal(job.state)) return event.kind === 'confirmed' ? null : 0;
  const state = decision.job.state ?? job.state;
  if (isFinal(state)) return null;
  if (state === 'SUBMIT_UNKNOWN') return UNKNOWN_OUTCOME_DEADLINE_MS;
  if (event.kind === 'identified') return 0;
  return event.kind === 'accepted' ? intervalMs : undefined;
}

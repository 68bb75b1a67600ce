import { applyRunEvent, type ApplyResult, type Delivery, type LoadedJob } from './apply-run-event.ts';
import { isConsistent } from '../domain/late-event.ts';
import { isFinal } from '../domain/job-state.ts';
import { LEASE_MS } from './timing.ts';
import { pollJob, type JobToPoll, type PollDeps } from './poll-job.ts';
import type { RunEvent } from '../domain/run-event.ts';

/** A verified and parsed webhook. */
export type WebhookMessage = {
  readonly requestId: string;
  readonly event: Extract<RunEvent, { kind: 'identified' | 'succeeded' | 'failed' }>;
};

type WebhookResult =
  | ApplyResult
  /** The job had ended otherwise. The webhook is stored, and fal is polled. */
  | { readonly kind: 'conflict' }
  /** No job has this request id or this token. */
  | { readonly kind: 'unknown-job' }
  /** The token and the request id belong to different runs. */
  | { readonly kind: 'mismatch' };

type JobKey = { readonly jobId: string } | { readonly requestId: string };

type KnownJob = LoadedJob & { readonly token: string };

export interface WebhookStore {
  /** The job with this request id and the job with this callback token. */
  findForWebhook(requestId: string, token: string | null): Promise<readonly KnownJob[]>;
  findJobToPoll(key: JobKey): Promise<JobToPoll | null>;
  /**
   * Stores a delivery that changed nothing, with its body unless it is LATE, or the avatar or generation is deleted.
   * `isNew` is false when the same bytes are stored already. A CONFLICT without a planned poll plans one after `leaseMs` in
   * the same transaction; then `pollNow` is true.
   */
  keepDelivery(
    jobId: string,
    delivery: Delivery,
    options: { readonly outcome: 'LATE' | 'CONFLICT' | 'UNREADABLE'; readonly leaseMs: number },
  ): Promise<{ readonly isNew: boolean; readonly pollNow: boolean }>;
}

export type WebhookDeps = PollDeps & { readonly store: WebhookStore };

/**
 * Applies a webhook. The request id finds the job; the callback token finds a job without a request id, which gets it
 * then. Where both are known they must agree: fal signs for all its customers with the same keys, so the signature
 * does not prove whose run it is.
 *
 * @param token from the URL; null when the URL had none
 */
export async function handleWebhook(
  deps: WebhookDeps,
  token: string | null,
  { requestId, event, delivery }: WebhookMessage & { readonly delivery: Delivery },
): Promise<WebhookResult> {
  const loaded = await findJob(deps, token, requestId);
  if (typeof loaded === 'string') return { kind: loaded };
  const { id: jobId, falRequestId } = loaded.snapshot.job;
  if (falRequestId !== null && falRequestId !== requestId) return { kind: 'mismatch' };
  const applied = await applyRunEvent(deps, jobId, { event, source: 'WEBHOOK', delivery, loaded });
  if (applied.kind === 'ignored' && applied.reason === 'already-final') {
    return keepLate(deps, jobId, event, delivery);
  }
  const pollNow = applied.kind === 'applied' && applied.pollNow;
  if (pollNow || event.kind === 'identified') requestPoll(deps, { jobId });
  return applied;
}

/** Stores a genuine webhook that cannot be parsed, and polls its run: a repeat would be as unreadable. */
export async function storeUnreadable(
  deps: WebhookDeps,
  token: string | null,
  delivery: Delivery,
): Promise<'kept' | 'unknown-job' | 'mismatch'> {
  // The signed id may be the run's gateway id, which only the body could confirm: another request id is no mismatch.
  const job = await findJob(deps, token, delivery.requestId);
  if (typeof job === 'string') return job;
  const options = { outcome: 'UNREADABLE', leaseMs: LEASE_MS } as const;
  const jobId = job.snapshot.job.id;
  const { isNew } = await deps.store.keepDelivery(jobId, delivery, options);
  if (isNew) requestPoll(deps, { jobId });
  return 'kept';
}

async function findJob(
  { store }: WebhookDeps,
  token: string | null,
  requestId: string,
): Promise<KnownJob | 'mismatch' | 'unknown-job'> {
  const jobs = await store.findForWebhook(requestId, token);
  const known = jobs.find(({ snapshot }) => snapshot.job.falRequestId === requestId);
  if (known !== undefined && token !== null && known.token !== token) return 'mismatch';
  return known ?? jobs[0] ?? 'unknown-job';
}

/** The first end of a run counts. A later webhook confirms it, or contradicts it, and then fal is asked. */
async function keepLate(
  deps: WebhookDeps,
  jobId: string,
  event: WebhookMessage['event'],
  delivery: Delivery,
): Promise<WebhookResult> {
  const { store, log } = deps;
  const ignored = { kind: 'ignored', reason: 'already-final' } as const;
  const loaded = await store.load(jobId);
  if (loaded === null) return ignored;
  const { state } = loaded.snapshot.job;
  if (!isFinal(state)) return ignored;
  const outcome = isConsistent(state, loaded.response, event) ? 'LATE' : 'CONFLICT';
  const { isNew, pollNow } = await store.keepDelivery(jobId, delivery, { outcome, leaseMs: LEASE_MS });
  if (outcome === 'LATE' || !isNew) return ignored;
  log.error(
    { jobId, requestId: delivery.requestId, state, event: event.kind },
    'webhook contradicts the final state; polling fal',
  );
  if (pollNow) requestPoll(deps, { jobId });
  return { kind: 'conflict' };
}

/** Polls a run in the background: the caller has an HTTP request to respond to. */
export function requestPoll(deps: WebhookDeps, key: JobKey): void {
  const poll = async () => {
    const job = await deps.store.findJobToPoll(key);
    // Without a run only a deadline remains, and that is the reconciler's.
    if (job !== null && job.run !== null) await pollJob(deps, job);
  };
  deps.inFlight.track(poll()).catch((error: unknown) => {
    deps.log.warn({ err: error, ...key }, 'poll failed; the reconciler will retry');
  });
}

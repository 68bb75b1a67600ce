import { isConsistent } from '../domain/late-event.ts';
import { isFinal } from '../domain/job-state.ts';
import { pollJob } from './poll-job.ts';
import { LEASE_MS } from './timing.ts';
import { applyRunEvent, type ApplyResult } from './apply-run-event.ts';
import type { Delivery, JobDeps } from './ports.ts';
import type { RunEvent } from '../domain/run-event.ts';

/** A verified webhook, read. */
export type WebhookMessage = {
  readonly requestId: string;
  readonly event: Extract<RunEvent, { kind: 'bound' | 'succeeded' | 'failed' }>;
};

export type WebhookResult =
  | ApplyResult
  /** The run had ended otherwise than this says. It is kept, and fal is asked who is right. */
  | { readonly kind: 'conflict' }
  /** No job has this request id, and none that waits for one has this token. */
  | { readonly kind: 'unknown-job' }
  /** The token in the URL belongs to one run and the request id to another. */
  | { readonly kind: 'mismatch' };

/**
 * Applies what fal called back with. A job is found by its request id; only a job that has none yet is found by the
 * token of its callback URL, and is bound to the request id by that. Where both are known they have to agree: fal
 * signs for all its customers with the same keys, so its signature says nothing about whose run it is.
 *
 * @param token from the URL; null when the URL had none
 */
export async function handleWebhook(
  deps: JobDeps,
  token: string | null,
  { requestId, event, delivery }: WebhookMessage & { readonly delivery: Delivery },
): Promise<WebhookResult> {
  const job = await jobOf(deps, token, requestId);
  if ('kind' in job) return job;
  const recorded = await applyRunEvent(deps, job.id, { event, source: 'WEBHOOK', delivery });
  if (recorded.kind === 'ignored' && recorded.reason === 'already-final') {
    return keepLate(deps, job.id, event, delivery);
  }
  // A success without its result: that is with fal.
  const isDue = recorded.kind === 'applied' && recorded.isDue;
  if (isDue || event.kind === 'bound') pollNow(deps, job.id);
  return recorded;
}

/**
 * Keeps a genuine webhook that cannot be read, if it is about a run of ours, and has fal asked instead where the run
 * is open and known: sent again it would be as unreadable.
 */
export async function storeUnreadable(
  deps: JobDeps,
  token: string | null,
  delivery: Delivery,
): Promise<'kept' | 'unknown-job' | 'mismatch'> {
  const { store } = deps;
  const known = await store.findByRequestId(delivery.requestId);
  if (known !== null && token !== null && token !== known.token) return 'mismatch';
  // The id that was signed may be another one of the same run; only the body would have told.
  const job = known ?? (token === null ? null : await store.findByToken(token));
  if (job === null) return 'unknown-job';
  const how = { outcome: 'UNREADABLE', leaseMs: LEASE_MS } as const;
  const { isNew } = await store.keepDelivery(job.id, delivery, how);
  if (isNew) pollNow(deps, job.id);
  return 'kept';
}

async function jobOf(
  { store }: JobDeps,
  token: string | null,
  requestId: string,
): Promise<{ readonly id: string } | Extract<WebhookResult, { kind: 'mismatch' | 'unknown-job' }>> {
  const known = await store.findByRequestId(requestId);
  if (known !== null) return token !== null && token !== known.token ? { kind: 'mismatch' } : known;
  const waiting = token === null ? null : await store.findByToken(token);
  if (waiting === null) return { kind: 'unknown-job' };
  return waiting.falRequestId === null ? waiting : { kind: 'mismatch' };
}

/** A run ends once. What comes later either goes with its end or contradicts it, and then fal has the last word. */
async function keepLate(
  deps: JobDeps,
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
  const outcome = isConsistent(state, loaded.answer, event) ? 'LATE' : 'CONFLICT';
  const { isNew, isDue } = await store.keepDelivery(jobId, delivery, { outcome, leaseMs: LEASE_MS });
  if (outcome === 'LATE' || !isNew) return ignored;
  log.error(
    { jobId, requestId: delivery.requestId, state, says: event.kind },
    'webhook contradicts the final state; polling fal',
  );
  if (isDue) pollNow(deps, jobId);
  return { kind: 'conflict' };
}

/**
 * Looks at a run now rather than at the next poll, by its request id. For messages that say that something happened
 * and cannot be used themselves. Not waited for: whoever calls it has an answer to give.
 */
export function requestPoll(deps: JobDeps, requestId: string): void {
  const look = async () => {
    const known = await deps.store.findByRequestId(requestId);
    if (known !== null) pollNow(deps, known.id);
  };
  look().catch((error: unknown) => {
    deps.log.warn({ err: error, requestId }, 'poll failed; the reconciler will retry');
  });
}

/** The same by the job's id. */
function pollNow(deps: JobDeps, jobId: string): void {
  const look = async () => {
    const due = await deps.store.due(jobId);
    // Without a run there is nothing to look at, and whether its time is over is for the reconciler to say.
    if (due !== null && due.run !== null) await pollJob(deps, due);
  };
  deps.inFlight.track(look()).catch((error: unknown) => {
    deps.log.warn({ err: error, jobId }, 'poll failed; the reconciler will retry');
  });
}

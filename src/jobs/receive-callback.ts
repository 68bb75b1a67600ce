import { lookAfter } from './look-after.ts';
import { record, type Recorded } from './record.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { Workshop } from './ports.ts';

/** A verified webhook, read. */
export type Callback = {
  readonly requestId: string;
  readonly event: Extract<RunEvent, { kind: 'bound' | 'succeeded' | 'failed' }>;
};

export type CallbackOutcome =
  | Recorded
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
export async function receiveCallback(
  workshop: Workshop,
  token: string | null,
  { requestId, event }: Callback,
): Promise<CallbackOutcome> {
  const { store } = workshop;
  const known = await store.findByRequestId(requestId);
  if (known !== null && token !== null && token !== known.token) return { kind: 'mismatch' };
  const waiting = known === null && token !== null ? await store.findByToken(token) : null;
  if (waiting?.falRequestId != null && waiting.falRequestId !== requestId) return { kind: 'mismatch' };
  const jobId = known?.id ?? waiting?.id;
  if (jobId === undefined) return { kind: 'unknown-job' };

  const recorded = await record(workshop, jobId, event, 'WEBHOOK');
  if (event.kind === 'bound') fetchResult(workshop, jobId);
  return recorded;
}

/**
 * Looks at a run now rather than at the next poll, by its request id. For messages that say that something happened
 * and cannot be used themselves. Not waited for: whoever calls it has an answer to give.
 */
export function lookAgain(workshop: Workshop, requestId: string): void {
  const look = async () => {
    const known = await workshop.store.findByRequestId(requestId);
    if (known !== null) fetchResult(workshop, known.id);
  };
  look().catch((error: unknown) => {
    workshop.log.warn({ err: error, requestId }, 'looking at a run failed; the reconciler will try again');
  });
}

/** The same by the job's id. */
function fetchResult(workshop: Workshop, jobId: string): void {
  const look = async () => {
    const due = await workshop.store.due(jobId);
    if (due !== null) await lookAfter(workshop, due);
  };
  look().catch((error: unknown) => {
    workshop.log.warn({ err: error, jobId }, 'fetching a result failed; the reconciler will try again');
  });
}

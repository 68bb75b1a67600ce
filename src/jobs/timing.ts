const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long fal may take to answer a submit, status, result or cancel request. */
export const PROVIDER_TIMEOUT_MS = 30 * SECOND;

/**
 * How long after its job was begun a submit may be sent. With fal's time to answer it is the minute after which the job
 * counts as one of unknown outcome, which its owner may give up and start anew.
 */
export const SEND_WITHIN_MS = 30 * SECOND;

/** How long a submit with unknown outcome waits for its webhook before it is given up. */
export const UNKNOWN_OUTCOME_DEADLINE_MS = 6 * HOUR;

/** How long a run may stay open at all. fal stops a run after an hour; the rest is queueing. */
export const RUN_DEADLINE_MS = 24 * HOUR;

/** Looks in a row that brought nothing, with growing pauses, before an old run counts as lost: about a quarter of an hour. */
export const FAILURES_BEFORE_ABANDON = 20;

/** How long fal may not know a run, or keep back its result, before the run counts as lost. */
export const NOT_FOUND_GRACE_MS = 2 * MINUTE;

/** How long a claimed job is left alone by every other instance. Longer than one look at fal can take. */
export const LEASE_MS = 2 * MINUTE;

/** The longest pause between two looks at fal while it cannot be reached. */
export const MAX_BACKOFF_MS = MINUTE;

/** The pause before the next look after `failures` looks in a row that brought nothing. */
export function backoffMs(intervalMs: number, failures: number): number {
  return Math.min(intervalMs * 2 ** Math.min(failures, 10), Math.max(MAX_BACKOFF_MS, intervalMs));
}

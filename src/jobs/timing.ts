import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../values/units.ts';

/** fal's time to respond to a submit, status, result or cancel request. */
export const PROVIDER_TIMEOUT_MS = 30 * SECOND_MS;

/**
 * A submit is sent this long after its job was begun, or not at all. With PROVIDER_TIMEOUT_MS this is the minute after
 * which the job counts as one with unknown outcome.
 */
export const SEND_WITHIN_MS = 30 * SECOND_MS;

/** The longest time of a run. fal stops a run after an hour; the rest is for its queue. */
export const RUN_DEADLINE_MS = DAY_MS;

/** Failed polls in a row before an overdue run is abandoned: with backoff about a quarter of an hour. */
export const FAILURES_BEFORE_ABANDON = 20;

/** How long fal may respond "not found", or withhold a result, before the run is abandoned. */
export const NOT_FOUND_GRACE_MS = 2 * MINUTE_MS;

/** Longer than a poll, which is up to three requests: cancel, status, and result or another cancel. */
export const LEASE_MS = 2 * MINUTE_MS;

/** Longer than the copy of a file. */
export const FILE_LEASE_MS = 20 * MINUTE_MS;

/** The longest pause between two attempts to copy a file. */
export const MAX_FILE_BACKOFF_MS = HOUR_MS;

/** An instance on a shared database records this often that it lives … */
export const HEARTBEAT_MS = 1.5 * SECOND_MS;

/** … and counts as dead after this time without a record. Its leases are taken over within 10 s of its death. */
export const DEAD_AFTER_MS = 5 * SECOND_MS;

/** The longest pause between two polls while fal is unreachable. */
export const MAX_BACKOFF_MS = MINUTE_MS;

/** The pause after `failures` polls in a row without a response. */
export function backoffMs(intervalMs: number, failures: number): number {
  return Math.min(intervalMs * 2 ** Math.min(failures, 10), Math.max(MAX_BACKOFF_MS, intervalMs));
}

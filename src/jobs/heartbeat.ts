import { withTimeout } from '../async/with-timeout.ts';
import type { InFlight } from '../async/in-flight.ts';
import type { Log } from '../log/log.ts';
import type { Reconciler } from './reconcile.ts';

export interface InstanceStore {
  /**
   * Records that this instance lives, and makes the jobs due that dead instances had leased. Resolves with their number.
   * An instance that only seems dead does no harm: the guards of the writes ignore what it finds out later.
   */
  beat(): Promise<number>;
  /** At the end of this instance: frees its leases. */
  leave(): Promise<void>;
  /** For the only process of a database: frees all leases. */
  freeAll(): Promise<void>;
}

type HeartbeatDeps = {
  readonly instances: InstanceStore;
  readonly reconciler: Reconciler;
  readonly inFlight: InFlight;
  readonly log: Log;
};

const LEAVE_TIMEOUT_MS = 1000;

/** Begins the life of this instance, before its first lease. Resolves with what ends it. */
export async function enter(
  { instances, log }: Pick<HeartbeatDeps, 'instances' | 'log'>,
  { isAlone }: { readonly isAlone: boolean },
): Promise<() => Promise<void>> {
  if (isAlone) {
    await instances.freeAll();
    return () => Promise.resolve();
  }
  await instances.beat();
  // Another instance takes its leases over when the database is away.
  return () =>
    withTimeout(instances.leave(), LEAVE_TIMEOUT_MS).catch((error: unknown) => {
      log.warn({ err: error }, 'leases not released');
    });
}

/** One heartbeat. Polls at once what dead instances have left, whatever the interval of polls is. */
export async function heartbeat(
  { instances, reconciler, inFlight, log }: HeartbeatDeps,
  stop: AbortSignal,
): Promise<void> {
  const jobs = await instances.beat();
  if (jobs === 0) return;
  log.warn({ jobs }, 'leases of a dead instance taken over');
  // Not awaited: a sweep waits for fal when there is much to poll, and this instance would seem dead.
  inFlight.track(reconciler.sweep(stop)).catch((error: unknown) => {
    log.error({ err: error }, 'jobs of a dead instance not polled; retrying in the next sweep');
  });
}

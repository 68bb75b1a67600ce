import { LEASE_MS, MAX_BACKOFF_MS } from './timing.ts';
import { pollJob } from './poll-job.ts';
import type { DueJob, JobDeps } from './ports.ts';

export type Reconciler = {
  /**
   * Takes every due job and begins to look after it. Resolves as soon as no more are due, or `stop` is aborted; looks
   * that take their time go on, and hold up nobody else's.
   */
  sweep(stop: AbortSignal): Promise<void>;
  /** Resolves when every look under way has ended. */
  settled(): Promise<void>;
};

/** Looks at fal under way at the same time, in this instance. */
const MAX_LOOKS = 32;

/**
 * Looks after open jobs. It is what makes webhooks an optimisation: with none at all every run still ends in its right
 * state. Jobs are taken with a lease, so however many instances sweep, each is looked at once per interval.
 */
export function createReconciler(deps: JobDeps): Reconciler {
  const { store, log, settings } = deps;
  const looks = new Set<Promise<void>>();
  const furthestMs = 2 * Math.max(LEASE_MS, MAX_BACKOFF_MS, settings.pollIntervalMs);
  const begin = (job: DueJob) => {
    const look = pollJob(deps, job)
      // The lease brings the job up again.
      .catch((error: unknown) => log.error({ err: error, jobId: job.id }, 'job poll failed'))
      .finally(() => looks.delete(look));
    looks.add(look);
  };
  return {
    async sweep(stop) {
      while (!stop.aborted) {
        const free = MAX_LOOKS - looks.size;
        if (free === 0) {
          await Promise.race(looks);
          continue;
        }
        const due = await store.claimDue(free, { leaseMs: LEASE_MS, furthestMs });
        for (const job of due) begin(job);
        if (due.length < free) return;
      }
    },
    async settled() {
      await Promise.all(looks);
    },
  };
}

import { LEASE_MS, MAX_BACKOFF_MS } from './timing.ts';
import { pollJob, type JobToPoll, type PollDeps } from './poll-job.ts';
import { Semaphore } from '../async/semaphore.ts';

export interface LeaseStore {
  /**
   * Due jobs, leased for `leaseMs`: no other instance claims them until then. A poll planned further ahead than
   * `furthestMs` is due as well: the clock was put back after it was planned.
   */
  claimDue(
    limit: number,
    times: { readonly leaseMs: number; readonly furthestMs: number },
  ): Promise<readonly JobToPoll[]>;
}

export type Reconciler = {
  /**
   * Begins to poll every due job. Resolves when no more are due, without waiting for fal's responses. Sweeps run one after
   * another.
   */
  sweep(stop: AbortSignal): Promise<void>;
  /** Resolves when the sweeps before it and every poll have ended. */
  settled(): Promise<void>;
};

const MAX_CONCURRENT_POLLS = 32;

/** Polls open jobs, so that every run reaches its final state without a single webhook. */
export function createReconciler(deps: PollDeps & { readonly store: LeaseStore }): Reconciler {
  const { store, log, settings } = deps;
  const polls = new Set<Promise<void>>();
  // Two sweeps that count the free places at once would both fill them.
  const turns = new Semaphore(1);
  const furthestMs = 2 * Math.max(LEASE_MS, MAX_BACKOFF_MS, settings.pollIntervalMs);
  const begin = (job: JobToPoll) => {
    const poll = pollJob(deps, job)
      // The job is due again when its lease ends.
      .catch((error: unknown) => log.error({ err: error, jobId: job.id }, 'job poll failed'))
      .finally(() => polls.delete(poll));
    polls.add(poll);
  };
  return {
    sweep: (stop) =>
      turns.run(async () => {
        while (!stop.aborted) {
          const free = MAX_CONCURRENT_POLLS - polls.size;
          if (free === 0) {
            await Promise.race(polls);
            continue;
          }
          const due = await store.claimDue(free, { leaseMs: LEASE_MS, furthestMs });
          for (const job of due) begin(job);
          if (due.length < free) return;
        }
      }),
    settled: () =>
      turns.run(async () => {
        await Promise.all(polls);
      }),
  };
}

import { announce } from './record.ts';
import { LEASE_MS, UNANNOUNCED_AFTER_MS } from './timing.ts';
import { lookAfter } from './look-after.ts';
import type { Workshop } from './ports.ts';

/**
 * One sweep: looks after every due job and announces what was committed but never announced. It is what makes
 * webhooks an optimisation: with none at all every run still ends in its right state.
 *
 * @param stop looked at between jobs; a sweep that is told to stop leaves the rest to the next one
 */
export async function reconcile(workshop: Workshop, stop: AbortSignal): Promise<void> {
  const { store, log } = workshop;
  await announce(workshop, await store.unannounced(ANNOUNCE_LIMIT, UNANNOUNCED_AFTER_MS));
  for (;;) {
    if (stop.aborted) return;
    const due = await store.claimDue(CLAIM_LIMIT, LEASE_MS);
    await Promise.all(
      due.map(async (job) => {
        try {
          await lookAfter(workshop, job);
        } catch (error) {
          // The lease brings the job up again; the others must not wait for this one.
          log.error({ err: error, jobId: job.id }, 'looking after a job failed');
        }
      }),
    );
    if (due.length < CLAIM_LIMIT) return;
  }
}

const CLAIM_LIMIT = 20;
const ANNOUNCE_LIMIT = 500;

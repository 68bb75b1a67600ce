import { publish } from './apply-run-event.ts';
import { UNANNOUNCED_AFTER_MS } from './timing.ts';
import type { JobDeps } from './ports.ts';

const AT_ONCE = 500;

/**
 * Announces what was committed and never announced: its process died in between, or the other instances could not be
 * reached. Leaves the rest to the next call when some still cannot be announced.
 */
export async function publishOutbox(
  deps: Pick<JobDeps, 'store' | 'publisher' | 'log'>,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const pending = await deps.store.unannounced(AT_ONCE, UNANNOUNCED_AFTER_MS);
    const isDone = await publish(deps, pending);
    if (!isDone || pending.length < AT_ONCE) return;
  }
}

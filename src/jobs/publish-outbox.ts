import type { InFlight } from '../async/in-flight.ts';
import type { Log } from '../log/log.ts';

/** The entity of a PHOTO_SET is its avatar. */
export const NOTIFICATION_KINDS = ['AVATAR', 'GENERATION', 'PHOTO_SET'] as const;

/** The id and version of a changed row, never the row itself: every subscriber reads that with its own rights. */
export type Notification = {
  readonly kind: (typeof NOTIFICATION_KINDS)[number];
  readonly ownerId: string;
  readonly entityId: string;
  readonly version: number;
};

export type OutboxEntry = Notification & { readonly id: bigint };

export interface Publisher {
  /** Resolves when the notification was sent to every instance; rejects when that failed. */
  publish(notification: Notification): Promise<void>;
}

export interface OutboxStore {
  /** The oldest entries that were committed at least `olderThanMs` ago. */
  readOutbox(limit: number, olderThanMs: number): Promise<readonly OutboxEntry[]>;
  deleteFromOutbox(ids: readonly bigint[]): Promise<void>;
}

type OutboxDeps = {
  readonly store: Pick<OutboxStore, 'deleteFromOutbox'>;
  readonly publisher: Publisher;
  readonly log: Log;
};

export type PublishDeps = OutboxDeps & { readonly inFlight: InFlight };

/** An entry this old lost its publisher: that process died, or Redis was unreachable. */
const OUTBOX_DELAY_MS = 5000;

const BATCH_SIZE = 500;

/** Publishes the entries that earlier attempts left behind. Stops at the first failure; the next call continues. */
export async function publishOutbox(
  deps: OutboxDeps & { readonly store: OutboxStore },
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const entries = await deps.store.readOutbox(BATCH_SIZE, OUTBOX_DELAY_MS);
    const isDone = await publish(deps, entries);
    if (!isDone || entries.length < BATCH_SIZE) return;
  }
}

/** Notifies this process's subscribers before it returns; does not wait for the other instances. */
export function publishSoon(deps: PublishDeps, entries: readonly OutboxEntry[]): void {
  void deps.inFlight.track(publish(deps, entries));
}

/** Never throws: an entry that cannot be published stays in the outbox. Resolves with whether all left it. */
async function publish(
  { store, publisher, log }: OutboxDeps,
  entries: readonly OutboxEntry[],
): Promise<boolean> {
  const results = await Promise.allSettled(entries.map((entry) => publisher.publish(entry)));
  const published = entries.filter((_entry, index) => results[index]?.status === 'fulfilled');
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    const count = entries.length - published.length;
    log.warn({ err: failed.reason as unknown, count }, 'publishing notifications failed; retrying');
  }
  try {
    if (published.length > 0) await store.deleteFromOutbox(published.map(({ id }) => id));
  } catch (error) {
    log.warn({ err: error }, 'outbox rows not deleted; they will be published again');
    return false;
  }
  return failed === undefined;
}

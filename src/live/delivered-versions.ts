import { LRUCache } from 'lru-cache';
import type { Notification } from '../jobs/publish-outbox.ts';

/** More than that many changes at once without Redis: the oldest are told here a second time, which harms nobody. */
const MOST_REMEMBERED = 10_000;

/**
 * What this process was told while the other instances could not be. Such an announcement comes again, until the
 * others can be told too, and must not wake everyone here each time.
 */
export class DeliveredVersions {
  readonly #versions = new LRUCache<string, number>({ max: MOST_REMEMBERED });

  has({ kind, entityId, version }: Notification): boolean {
    return (this.#versions.peek(`${kind} ${entityId}`) ?? 0) >= version;
  }

  add(announcement: Notification): void {
    if (this.has(announcement)) return;
    const { kind, entityId, version } = announcement;
    this.#versions.set(`${kind} ${entityId}`, version);
  }

  /** The others were told as well: nothing comes again. A newer version is still remembered. */
  remove({ kind, entityId, version }: Notification): void {
    const key = `${kind} ${entityId}`;
    if (this.#versions.peek(key) === version) this.#versions.delete(key);
  }

  get size(): number {
    return this.#versions.size;
  }
}

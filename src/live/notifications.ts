import { LRUCache } from 'lru-cache';
import { TopicEmitter } from './topic-emitter.ts';
import type { Notification, Publisher } from '../jobs/publish-outbox.ts';
import type { Subscribe, WatchEvent } from './watch.ts';

export type Channel = 'avatar' | 'avatarsOf' | 'generation';

/** A channel with the id of the avatar, owner or generation. */
type Topic = `${Channel}:${string}`;

/** Sends a notification to the other instances. */
export type Relay = (notification: Notification) => Promise<void>;

/** Beyond it the oldest are delivered here again, which wakes watchers for nothing. */
const MAX_UNRELAYED = 10_000;

/** Turns notifications into wake-ups of the watchers. No row is sent over a topic. */
export class Notifications implements Publisher {
  readonly #topics = new TopicEmitter<Topic, WatchEvent>();
  /** Versions delivered here whose relay failed: a retry must not wake the watchers here again. */
  readonly #unrelayed = new LRUCache<string, number>({ max: MAX_UNRELAYED });
  #relay: Relay | null = null;
  #isClosed = false;

  relayThrough(relay: Relay): void {
    this.#relay = relay;
  }

  /** Wakes this process's watchers before it returns, even when the relay fails. */
  async publish(notification: Notification): Promise<void> {
    const { kind, entityId, version } = notification;
    const key = `${kind} ${entityId}`;
    const isRetry = (this.#unrelayed.peek(key) ?? 0) >= version;
    if (!isRetry) this.deliver(notification);
    if (this.#relay === null) return;
    if (!isRetry) this.#unrelayed.set(key, version);
    await this.#relay(notification);
    if (this.#unrelayed.peek(key) === version) this.#unrelayed.delete(key);
  }

  /** Wakes this process's watchers only. */
  deliver({ kind, ownerId, entityId }: Notification): void {
    const event: WatchEvent = { kind: 'changed', entityId };
    if (kind === 'AVATAR') {
      this.#topics.publish(`avatar:${entityId}`, event);
      this.#topics.publish(`avatarsOf:${ownerId}`, event);
    } else {
      this.#topics.publish(`generation:${entityId}`, event);
    }
  }

  /** Makes every watcher read again: notifications may have been missed. */
  deliverToAll(): void {
    this.#topics.publishToAll({ kind: 'missed' });
  }

  /** Ends every stream: the server closes. */
  close(): void {
    this.#isClosed = true;
    this.#topics.publishToAll({ kind: 'closing' });
  }

  listen(channel: Channel, id: string): Subscribe {
    return (listener) => {
      const stop = this.#topics.subscribe(`${channel}:${id}`, listener);
      // The caller expects no event before this returns.
      if (this.#isClosed) queueMicrotask(() => listener({ kind: 'closing' }));
      return stop;
    };
  }

  /** Current listeners of all topics. */
  get listeners(): number {
    return this.#topics.size;
  }
}

import { LRUCache } from 'lru-cache';
import type { Notification, Publisher } from '../jobs/publish-outbox.ts';

export type WatchEvent =
  | { readonly kind: 'changed'; readonly entityId: string }
  /** Notifications may have been missed. */
  | { readonly kind: 'missed' }
  /** The server closes. */
  | { readonly kind: 'closing' };

/** Listens from before it returns. The returned function stops it. */
export type Subscribe = (listener: (event: WatchEvent) => void) => () => void;

type Channel = 'avatar' | 'avatarsOf' | 'generation' | 'photoSet' | 'changesOf';

/** A channel with the id of the avatar, owner or generation. A photo set has its avatar's. */
type Topic = `${Channel}:${string}`;

type Listener = (event: WatchEvent) => void;

/** Sends a notification to the other instances. */
type Relay = (notification: Notification) => Promise<void>;

/** Beyond it the oldest are delivered here again, which wakes watchers for nothing. */
const MAX_UNRELAYED = 10_000;

/**
 * Turns notifications into wake-ups of the watchers, synchronously and without a buffer. No row is sent over a topic.
 * Unlike Node's EventEmitter it removes a listener in constant time and never calls a removed one; unlike Yoga's
 * createPubSub it listens from subscribe on, not from the first next().
 */
export class Notifications implements Publisher {
  readonly #topics = new Map<Topic, Set<Listener>>();
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
    switch (kind) {
      case 'AVATAR':
        this.#wake(`avatar:${entityId}`, event);
        this.#wake(`avatarsOf:${ownerId}`, event);
        break;
      case 'GENERATION':
        this.#wake(`generation:${entityId}`, event);
        break;
      case 'PHOTO_SET':
        this.#wake(`photoSet:${entityId}`, event);
    }
    this.#wake(`changesOf:${ownerId}`, event);
  }

  /** Makes every watcher read again: notifications may have been missed. */
  deliverToAll(): void {
    this.#wakeAll({ kind: 'missed' });
  }

  /** Ends every stream: the server closes. */
  close(): void {
    this.#isClosed = true;
    this.#wakeAll({ kind: 'closing' });
  }

  listen(channel: Channel, id: string): Subscribe {
    return (listener) => {
      const topic: Topic = `${channel}:${id}`;
      const listeners = this.#topics.get(topic) ?? new Set();
      this.#topics.set(topic, listeners);
      // A wrapper of its own, so that one function can listen twice.
      const own: Listener = (event) => listener(event);
      listeners.add(own);
      // The caller expects no event before this returns.
      if (this.#isClosed) queueMicrotask(() => listener({ kind: 'closing' }));
      return () => {
        if (listeners.delete(own) && listeners.size === 0) this.#topics.delete(topic);
      };
    };
  }

  /** Current listeners of all topics. */
  get listeners(): number {
    let count = 0;
    for (const listeners of this.#topics.values()) count += listeners.size;
    return count;
  }

  #wake(topic: Topic, event: WatchEvent): void {
    for (const listener of this.#topics.get(topic) ?? []) listener(event);
  }

  #wakeAll(event: WatchEvent): void {
    for (const listeners of this.#topics.values()) for (const listener of listeners) listener(event);
  }
}

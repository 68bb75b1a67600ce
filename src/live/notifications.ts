import { DeliveredVersions } from './delivered-versions.ts';
import { TopicEmitter } from './topic-emitter.ts';
import type { Notification, Publisher } from '../jobs/publish-outbox.ts';
import type { Subscribe, RowNews } from './watch.ts';

export type Channel = 'avatar' | 'avatarsOf' | 'generation';

/** A kind of news, and the avatar, owner or generation it is about. */
type Topic = `${Channel}:${string}`;

/** Carries announcements to the other instances; rejects when that failed. */
export type Relay = (announcement: Notification) => Promise<void>;

/** Announcements in, wake-ups out. What goes over a topic is never a row. */
export class Notifications implements Publisher {
  readonly #topics = new TopicEmitter<Topic, RowNews>();
  readonly #toldHere = new DeliveredVersions();
  #relay: Relay | null = null;
  #isClosed = false;

  /** From now on announcements go to the other instances too. */
  relayThrough(relay: Relay): void {
    this.#relay = relay;
  }

  /**
   * Wakes this process's listeners at once, also when the others cannot be told. Called again with what it could not
   * relay, it tells only the others.
   */
  async publish(announcement: Notification): Promise<void> {
    if (!this.#toldHere.has(announcement)) this.deliver(announcement);
    if (this.#relay === null) return;
    this.#toldHere.add(announcement);
    await this.#relay(announcement);
    this.#toldHere.remove(announcement);
  }

  /** Wakes whoever listens in this process. */
  deliver({ kind, ownerId, entityId }: Notification): void {
    const news: RowNews = { kind: 'changed', entityId };
    if (kind === 'AVATAR') {
      this.#topics.publish(`avatar:${entityId}`, news);
      this.#topics.publish(`avatarsOf:${ownerId}`, news);
    } else {
      this.#topics.publish(`generation:${entityId}`, news);
    }
  }

  /** News may have been missed: everyone who listens reads everything again. */
  deliverToAll(): void {
    this.#topics.publishToAll({ kind: 'missed' });
  }

  /** The server is closing: every stream ends now. */
  close(): void {
    this.#isClosed = true;
    this.#topics.publishToAll({ kind: 'closing' });
  }

  listen(channel: Channel, id: string): Subscribe {
    return (onNews) => {
      const stop = this.#topics.subscribe(`${channel}:${id}`, onNews);
      // Whoever comes late is told all the same, as soon as it is ready to hear.
      if (this.#isClosed) queueMicrotask(() => onNews({ kind: 'closing' }));
      return stop;
    };
  }

  /** How many listeners there are now, over all topics. */
  get listeners(): number {
    return this.#topics.size;
  }
}

import { createPubSub, type PubSub } from 'graphql-yoga';
import { LocalTarget } from './local-target.ts';
import { ToldHere } from './told-here.ts';
import type { Announcement, Announcer } from '../jobs/ports.ts';
import type { Listen, News } from '../jobs/watch.ts';

/** The first part of a topic is its kind, the second whom or what it is about. What goes over it is never a row. */
type Channels = {
  avatar: [avatarId: string, news: News];
  avatarsOf: [ownerId: string, news: News];
  generation: [generationId: string, news: News];
};

export type Channel = keyof Channels;

/** Carries announcements to the other instances; rejects when that failed. */
export type Relay = (announcement: Announcement) => Promise<void>;

/**
 * Announcements in, wake-ups out. Publishing goes through Yoga's pubsub. Listening does not use its subscribe(): that
 * begins to listen only with the first next(), and throws after 1024 events that nobody pulled. A listener here is
 * called at once for every event and keeps nothing.
 */
export class NewsChannels implements Announcer {
  readonly #target = new LocalTarget();
  readonly #pubsub: PubSub<Channels> = createPubSub<Channels>({ eventTarget: this.#target as never });
  readonly #toldHere = new ToldHere();
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
  async publish(announcement: Announcement): Promise<void> {
    if (!this.#toldHere.has(announcement)) this.deliver(announcement);
    if (this.#relay === null) return;
    this.#toldHere.add(announcement);
    await this.#relay(announcement);
    this.#toldHere.remove(announcement);
  }

  /** Wakes whoever listens in this process. */
  deliver({ kind, ownerId, entityId }: Announcement): void {
    const news: News = { kind: 'changed', entityId };
    if (kind === 'AVATAR') {
      this.#pubsub.publish('avatar', entityId, news);
      this.#pubsub.publish('avatarsOf', ownerId, news);
    } else {
      this.#pubsub.publish('generation', entityId, news);
    }
  }

  /** News may have been missed: everyone who listens reads everything again. */
  deliverToAll(): void {
    this.#toAll({ kind: 'missed' });
  }

  /** The server is closing: every stream ends now. */
  close(): void {
    this.#isClosed = true;
    this.#toAll({ kind: 'closing' });
  }

  #toAll(news: News): void {
    this.#target.dispatchToAll(new CustomEvent(news.kind, { detail: news }));
  }

  listen(channel: Channel, id: string): Listen {
    return (onNews) => {
      const topic = `${channel}:${id}`;
      const listener = (event: CustomEvent) => onNews(event.detail as News);
      this.#target.addEventListener(topic, listener);
      // Whoever comes late is told all the same, as soon as it is ready to hear.
      if (this.#isClosed) queueMicrotask(() => onNews({ kind: 'closing' }));
      return () => this.#target.removeEventListener(topic, listener);
    };
  }

  /** How many listeners there are now, over all topics. */
  get listeners(): number {
    return this.#target.size;
  }
}

import { createPubSub, type PubSub } from 'graphql-yoga';
import type { Announcement, Announcer } from '../jobs/ports.ts';
import type { Listen } from '../jobs/watch.ts';

/** What goes over the wire: an id and a version, never a row. */
export type News = { readonly entityId: string; readonly version: number };

/** The first part of a topic is its kind, the second whom or what it is about. */
type Channels = {
  avatar: [avatarId: string, news: News];
  avatarsOf: [ownerId: string, news: News];
  generation: [generationId: string, news: News];
};

export type Channel = keyof Channels;

/** The part of an event target that is needed; Yoga's in-process one and the one over Redis both have it. */
export type NewsTarget = {
  addEventListener(type: string, listener: (event: CustomEvent) => void): void;
  removeEventListener(type: string, listener: (event: CustomEvent) => void): void;
  dispatchEvent(event: CustomEvent): boolean;
};

/**
 * Announcements in, wake-ups out. Publishing goes through Yoga's pubsub. Listening does not use its subscribe():
 * that begins to listen only with the first next(), and throws after 1024 events that nobody pulled. A listener here
 * is called at once for every event and keeps nothing.
 */
export class NewsChannels implements Announcer {
  readonly #target: NewsTarget;
  readonly #pubsub: PubSub<Channels>;
  readonly #deliver: (() => Promise<void>) | null;
  #listeners = 0;

  /** @param flush resolves when all that was dispatched is on its way; absent where dispatching is delivering */
  constructor(target: NewsTarget, flush?: () => Promise<void>) {
    this.#target = target;
    this.#pubsub = createPubSub<Channels>({ eventTarget: target as never });
    this.#deliver = flush ?? null;
  }

  async publish({ kind, ownerId, entityId, version }: Announcement): Promise<void> {
    const news = { entityId, version };
    if (kind === 'AVATAR') {
      this.#pubsub.publish('avatar', entityId, news);
      this.#pubsub.publish('avatarsOf', ownerId, news);
    } else {
      this.#pubsub.publish('generation', entityId, news);
    }
    await this.#deliver?.();
  }

  listen(channel: Channel, id: string): Listen<News> {
    return (onNews) => {
      const topic = `${channel}:${id}`;
      const listener = (event: CustomEvent) => onNews(event.detail as News);
      this.#target.addEventListener(topic, listener);
      this.#listeners += 1;
      let isListening = true;
      return () => {
        if (!isListening) return;
        isListening = false;
        this.#listeners -= 1;
        this.#target.removeEventListener(topic, listener);
      };
    };
  }

  /** How many listeners there are now, over all topics. */
  get listeners(): number {
    return this.#listeners;
  }
}

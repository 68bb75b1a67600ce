// A plain emitter replaces Yoga's createPubSub, whose subscribe() begins to listen only with the first next() and throws
// after 1024 events that nobody pulled.
type Listener<Event> = (event: Event) => void;

/**
 * Calls those who listen to a topic at once, and keeps nothing. Unlike Node's EventEmitter it takes a listener away in
 * constant time, calls none that has left, and has no idea of too many listeners.
 */
export class TopicEmitter<Topic extends string, Event> {
  readonly #topics = new Map<Topic, Set<Listener<Event>>>();

  /** Listens before it returns. Call what it returns to stop; safe to call again. */
  subscribe(topic: Topic, listener: Listener<Event>): () => void {
    const listeners = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, listeners);
    // Whoever subscribes twice is called twice, and stops each by itself.
    const own: Listener<Event> = (event) => listener(event);
    listeners.add(own);
    return () => {
      if (listeners.delete(own) && listeners.size === 0) this.#topics.delete(topic);
    };
  }

  publish(topic: Topic, event: Event): void {
    for (const listener of this.#topics.get(topic) ?? []) listener(event);
  }

  /** Calls every listener of every topic. */
  publishToAll(event: Event): void {
    for (const listeners of this.#topics.values()) for (const listener of listeners) listener(event);
  }

  /** How many listeners there are now, over all topics. */
  get size(): number {
    let count = 0;
    for (const listeners of this.#topics.values()) count += listeners.size;
    return count;
  }
}

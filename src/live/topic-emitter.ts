type Listener<Event> = (event: Event) => void;

/**
 * Synchronous publish and subscribe without a buffer. Unlike Node's EventEmitter it removes a listener in constant time
 * and never calls a removed one; unlike Yoga's createPubSub it listens from subscribe() on, not from the first next().
 */
export class TopicEmitter<Topic extends string, Event> {
  readonly #topics = new Map<Topic, Set<Listener<Event>>>();

  /** The returned function unsubscribes; it may be called again. */
  subscribe(topic: Topic, listener: Listener<Event>): () => void {
    const listeners = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, listeners);
    // A wrapper of its own, so that one function can be subscribed twice.
    const own: Listener<Event> = (event) => listener(event);
    listeners.add(own);
    return () => {
      if (listeners.delete(own) && listeners.size === 0) this.#topics.delete(topic);
    };
  }

  publish(topic: Topic, event: Event): void {
    for (const listener of this.#topics.get(topic) ?? []) listener(event);
  }

  publishToAll(event: Event): void {
    for (const listeners of this.#topics.values()) for (const listener of listeners) listener(event);
  }

  /** Current listeners of all topics. */
  get size(): number {
    let count = 0;
    for (const listeners of this.#topics.values()) count += listeners.size;
    return count;
  }
}

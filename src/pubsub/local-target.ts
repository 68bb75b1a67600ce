type Listener = (event: CustomEvent) => void;

/**
 * An event target for news within this process, with the interface Yoga's pubsub asks for. Unlike Node's own it takes
 * a listener away in constant time, has no idea of too many listeners, and can wake all of them at once.
 */
export class LocalTarget {
  readonly #topics = new Map<string, Set<Listener>>();

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#topics.get(type);
    if (listeners === undefined) this.#topics.set(type, new Set([listener]));
    else listeners.add(listener);
  }

  removeEventListener(type: string, listener: Listener): void {
    const listeners = this.#topics.get(type);
    if (listeners?.delete(listener) === true && listeners.size === 0) this.#topics.delete(type);
  }

  dispatchEvent(event: CustomEvent): boolean {
    for (const listener of this.#topics.get(event.type) ?? []) listener(event);
    return true;
  }

  /** Calls every listener of every topic: news may have been missed. */
  dispatchToAll(event: CustomEvent): void {
    for (const listeners of this.#topics.values()) for (const listener of listeners) listener(event);
  }

  /** How many listeners there are now, over all topics. */
  get size(): number {
    let count = 0;
    for (const listeners of this.#topics.values()) count += listeners.size;
    return count;
  }
}

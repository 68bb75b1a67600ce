import { GraphQLError } from 'graphql';
import { untilExpiry } from '../auth/at-expiry.ts';
import { viewerOf } from './builder.ts';
import type { Context } from './context.ts';

/** How many streams each owner has open. */
export class StreamCount {
  readonly #limit: number | null;
  readonly #open = new Map<string, number>();

  /** @param limit of one owner; null: no limit */
  constructor(limit: number | null) {
    this.#limit = limit;
  }

  /** Takes a place; false when there is none left. */
  take(ownerId: string): boolean {
    const open = this.#open.get(ownerId) ?? 0;
    if (this.#limit !== null && open >= this.#limit) return false;
    this.#open.set(ownerId, open + 1);
    return true;
  }

  release(ownerId: string): void {
    const open = (this.#open.get(ownerId) ?? 0) - 1;
    if (open > 0) this.#open.set(ownerId, open);
    else this.#open.delete(ownerId);
  }
}

/**
 * Gives a subscriber its rows for as long as it has the right to them, and keeps count of its streams. Throws
 * LIMIT_EXCEEDED when the caller has too many open.
 */
export function openStream<Row>(
  context: Context,
  open: () => AsyncIterableIterator<Row>,
): AsyncIterableIterator<Row> {
  const { ownerId, expiresAt } = viewerOf(context);
  if (!context.streams.take(ownerId)) {
    throw new GraphQLError('Too many subscriptions are open; end one first.', {
      extensions: { code: 'LIMIT_EXCEEDED' },
    });
  }
  const rows = untilExpiry(open(), expiresAt);
  let isCounted = true;
  const release = () => {
    if (isCounted) context.streams.release(ownerId);
    isCounted = false;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const step = await rows.next();
        if (step.done === true) release();
        return step;
      } catch (error) {
        release();
        throw error;
      }
    },
    async return() {
      release();
      return (await rows.return?.()) ?? { done: true, value: undefined };
    },
  };
}

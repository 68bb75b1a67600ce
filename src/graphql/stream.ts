import { atExpiry } from '../auth/at-expiry.ts';
import { badInput, codedError, notFoundError, unauthenticated } from './errors.ts';
import { viewerOf } from './builder.ts';
import type { Context } from './context.ts';

/**
 * Opens a stream that counts towards the owner's limit and ends with the token. It then ends with an error, because
 * clients do not reconnect after a regular end. Throws LIMIT_EXCEEDED, or NOT_FOUND if `open` gives null.
 */
export async function openStream<Row>(
  context: Context,
  open: () => Promise<AsyncIterableIterator<Row> | null>,
): Promise<AsyncIterableIterator<Row>> {
  const { expiresAt } = viewerOf(context);
  const leave = enterStream(context);
  const opened = await open().catch((error: unknown) => {
    leave();
    throw error;
  });
  if (opened === null) {
    leave();
    throw notFoundError();
  }

  let isOver = false;
  let hasExpired = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    cancelExpiry();
    leave();
  };
  const rows = {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next(): Promise<IteratorResult<Row>> {
      try {
        const step = await opened.next();
        if (step.done !== true) return step;
      } catch (error) {
        end();
        throw error;
      }
      end();
      if (hasExpired) throw unauthenticated('The token has expired: authenticate again.');
      return { done: true, value: undefined };
    },
    async return(): Promise<IteratorResult<Row>> {
      end();
      return (await opened.return?.()) ?? { done: true, value: undefined };
    },
  };
  const cancelExpiry = atExpiry(expiresAt, () => {
    hasExpired = true;
    // A failure reaches the pending next().
    rows.return().catch(() => undefined);
  });
  return rows;
}

/** Counts a stream of the owner until the returned function is called, once. Throws LIMIT_EXCEEDED. */
export function enterStream(context: Context): () => void {
  const { ownerId } = viewerOf(context);
  const { streams } = context;
  if (!streams.tryAcquire(ownerId)) {
    throw codedError('LIMIT_EXCEEDED', 'Too many open subscriptions: end one first.');
  }
  return () => streams.release(ownerId);
}

/** The `afterVersion` of a subscription; 0 if not given. Throws INVALID_INPUT. */
export function versionFrom(afterVersion: number | null | undefined): number {
  if (afterVersion != null && afterVersion < 0) {
    throw badInput(`afterVersion: expected a whole number from 0, got ${afterVersion}.`);
  }
  return afterVersion ?? 0;
}

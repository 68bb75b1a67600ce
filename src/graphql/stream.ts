import { GraphQLError } from 'graphql';
import { atExpiry } from '../auth/at-expiry.ts';
import { unauthenticated, viewerOf } from './builder.ts';
import type { Context } from './context.ts';

/**
 * Gives a subscriber its rows for as long as it has the right to them: the stream ends with the token, and says so, since
 * a stream that just ends is not asked for again. Keeps count of its streams. Throws LIMIT_EXCEEDED when the caller has
 * too many open, and NOT_FOUND when there is nothing to watch.
 *
 * @param open null: nothing to watch
 */
export async function openStream<Row>(
  context: Context,
  open: () => Promise<AsyncIterableIterator<Row> | null>,
): Promise<AsyncIterableIterator<Row>> {
  const { ownerId, expiresAt } = viewerOf(context);
  const { streams } = context;
  if (!streams.tryAcquire(ownerId)) {
    throw new GraphQLError('Too many open subscriptions: end one first.', {
      extensions: { code: 'LIMIT_EXCEEDED' },
    });
  }
  const release = () => streams.release(ownerId);
  const opened = await open().catch((error: unknown) => {
    release();
    throw error;
  });
  if (opened === null) {
    release();
    throw new GraphQLError('Not found.', { extensions: { code: 'NOT_FOUND' } });
  }
  let callOff = (): void => undefined;
  let hasExpired = false;
  const rows = tellingItsEnd(opened, () => {
    callOff();
    release();
  });
  callOff = atExpiry(expiresAt, () => {
    hasExpired = true;
    // Whoever waits for the next row gets what went wrong, if anything does.
    rows.return().catch(() => undefined);
  });
  return {
    ...rows,
    async next() {
      const step = await rows.next();
      if (step.done === true && hasExpired)
        throw unauthenticated('The token has expired: authenticate again.');
      return step;
    },
  };
}

/** The same stream; `onEnd` is called once, when it has ended, failed or been left. */
function tellingItsEnd<Row>(stream: AsyncIterableIterator<Row>, onEnd: () => void) {
  let isOver = false;
  const end = () => {
    if (!isOver) onEnd();
    isOver = true;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next(): Promise<IteratorResult<Row>> {
      try {
        const step = await stream.next();
        if (step.done === true) end();
        return step;
      } catch (error) {
        end();
        throw error;
      }
    },
    async return(): Promise<IteratorResult<Row>> {
      end();
      return (await stream.return?.()) ?? { done: true, value: undefined };
    },
  };
}

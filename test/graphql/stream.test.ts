import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeyedSemaphore } from '../../src/async/keyed-semaphore.ts';
import { openStream } from '../../src/graphql/stream.ts';
import type { Context } from '../../src/graphql/context.ts';

const OWNER = 'ada';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_760_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** One place for one owner, so that whether it is taken shows whether a stream still counts. */
function stage() {
  const streams = new KeyedSemaphore(1);
  const context = { streams, viewer: { ownerId: OWNER, expiresAt: Date.now() + 1000 } } as unknown as Context;
  const isFree = () => {
    const isTaken = streams.tryAcquire(OWNER);
    if (isTaken) streams.release(OWNER);
    return isTaken;
  };
  const openWith = <Row>(begin: () => Promise<AsyncIterableIterator<Row> | null>) =>
    openStream(context, begin);
  return {
    isFree,
    openWith,
    open: <Row>(rows: AsyncIterableIterator<Row>) => openStream(context, () => Promise.resolve(rows)),
  };
}

/** Gives 1 and then waits until it is left. */
function endless(): AsyncIterableIterator<number> {
  let leave = (_step: IteratorResult<number>): void => undefined;
  let given = 0;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () =>
      given++ === 0
        ? Promise.resolve({ done: false, value: 1 })
        : new Promise((resolve) => (leave = resolve)),
    return: () => {
      leave({ done: true, value: undefined });
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

async function* oneOf(then?: Error): AsyncGenerator<number> {
  yield 1;
  if (then !== undefined) throw then;
}

test('a stream ends when the token does, while its reader waits', async () => {
  const { open, isFree } = stage();
  const stream = await open(endless());
  expect(await stream.next()).toEqual({ done: false, value: 1 });
  const next = stream.next();
  vi.advanceTimersByTime(999);
  expect(isFree()).toBe(false);
  const told = expect(next).rejects.toThrow(
    expect.objectContaining({ extensions: expect.objectContaining({ code: 'UNAUTHENTICATED' }) as object }),
  );
  vi.advanceTimersByTime(1);
  await told;
  expect(isFree()).toBe(true);
});

test('one that cannot be ended well when the token ends breaks nothing', async () => {
  const { open, isFree } = stage();
  await open({ ...endless(), return: () => Promise.reject(new Error('broken')) });
  // An unhandled rejection would fail the run.
  await vi.advanceTimersByTimeAsync(1000);
  expect(isFree()).toBe(true);
});

test.each<[how: string, end: (open: ReturnType<typeof stage>['open']) => Promise<unknown>]>([
  [
    'that is left',
    async (open) => {
      const stream = await open(endless());
      await stream.next();
      await stream.return?.();
    },
  ],
  [
    'that ends by itself',
    async (open) => {
      for await (const value of await open(oneOf())) expect(value).toBe(1);
    },
  ],
  [
    'that fails',
    async (open) => {
      const stream = await open(oneOf(new Error('broken')));
      await stream.next();
      await expect(stream.next()).rejects.toThrow('broken');
    },
  ],
])('a stream %s leaves no timer behind and gives its place back, once', async (_how, end) => {
  const { open, isFree } = stage();
  await end(open);
  expect(vi.getTimerCount()).toBe(0);
  expect(isFree()).toBe(true);
  const another = await open(endless());
  expect(isFree()).toBe(false);
  await another.return?.();
  await another.return?.();
  expect(isFree()).toBe(true);
});

test('a stream too many is refused as LIMIT_EXCEEDED and nothing is read for it', async () => {
  const { open, openWith } = stage();
  const first = await open(endless());
  const reading = vi.fn(() => Promise.resolve(endless()));
  await expect(openWith(reading)).rejects.toThrow(
    expect.objectContaining({ extensions: { code: 'LIMIT_EXCEEDED' } }),
  );
  expect(reading).not.toHaveBeenCalled();
  await first.return?.();
});

test.each<[what: string, begin: () => Promise<null>, says: string]>([
  ['there is not', () => Promise.resolve(null), 'Not found'],
  ['cannot be read', () => Promise.reject(new Error('broken')), 'broken'],
])('a stream of what %s gives its place back', async (_what, begin, says) => {
  const { isFree, openWith } = stage();
  await expect(openWith(begin)).rejects.toThrow(says);
  expect(isFree()).toBe(true);
});

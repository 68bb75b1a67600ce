import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { atExpiry, untilExpiry } from '../../src/auth/at-expiry.ts';

const DAY = 86_400_000;
const YEAR = 365 * DAY;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_760_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a token's end", () => {
  test.each([
    ['a second', 1000],
    ['the longest a timer can wait', 2 ** 31 - 1],
    ['a moment more than that', 2 ** 31],
    ['a year', YEAR],
  ])('comes after %s and not before', (_what, ms) => {
    const end = vi.fn();
    atExpiry(Date.now() + ms, end);
    vi.advanceTimersByTime(ms - 1);
    expect(end).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(end).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that has passed comes at once', () => {
    const end = vi.fn();
    atExpiry(Date.now() - 1, end);
    vi.advanceTimersByTime(0);
    expect(end).toHaveBeenCalledOnce();
  });

  test('never comes where there is none', () => {
    const end = vi.fn();
    atExpiry(null, end)();
    expect(vi.getTimerCount()).toBe(0);
    expect(end).not.toHaveBeenCalled();
  });

  test('can be called off, also in the middle of a long wait', () => {
    const end = vi.fn();
    const callOff = atExpiry(Date.now() + YEAR, end);
    vi.advanceTimersByTime(30 * DAY);
    callOff();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(YEAR);
    expect(end).not.toHaveBeenCalled();
  });
});

describe('a stream', () => {
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

  test('ends when the token does', async () => {
    const stream = untilExpiry(endless(), Date.now() + 1000);
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    const next = stream.next();
    vi.advanceTimersByTime(1000);
    expect((await next).done).toBe(true);
  });

  test('that is left leaves no timer behind', async () => {
    const stream = untilExpiry(endless(), Date.now() + 1000);
    await stream.next();
    await stream.return?.();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that ends by itself leaves no timer behind', async () => {
    async function* one() {
      yield 1;
    }
    const taken: number[] = [];
    for await (const value of untilExpiry(one(), Date.now() + 1000)) taken.push(value);
    expect(taken).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that fails leaves no timer behind', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield 1;
      throw new Error('broken');
    }
    const stream = untilExpiry(broken(), Date.now() + 1000);
    await stream.next();
    await expect(stream.next()).rejects.toThrow('broken');
    expect(vi.getTimerCount()).toBe(0);
  });
});

import { getEventListeners, once } from 'node:events';
import { expect, test } from 'vitest';
import { heapUsed } from '../support/heap-used.ts';
import { timeLimit } from '../../src/async/time-limit.ts';

test('aborts after its time, however often garbage is collected', async () => {
  const { signal } = timeLimit(50, new AbortController().signal);
  const aborted = once(signal, 'abort');
  const collecting = setInterval(heapUsed, 10);
  await aborted;
  clearInterval(collecting);
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('aborts with the other signal', () => {
  const other = new AbortController();
  const { signal, end } = timeLimit(60_000, other.signal);
  other.abort(new Error('closing'));
  end();
  expect(signal.reason).toEqual(new Error('closing'));
});

test('is aborted from the beginning with a signal that is aborted already', () => {
  const { signal, end } = timeLimit(60_000, AbortSignal.abort(new Error('closed')));
  end();
  expect(signal.reason).toEqual(new Error('closed'));
});

test('does not abort after its end', async () => {
  const other = new AbortController();
  const { signal, end } = timeLimit(1, other.signal);
  end();
  other.abort();
  const later = timeLimit(30, undefined);
  await once(later.signal, 'abort');
  expect(signal.aborted).toBe(false);
});

test('leaves nothing on the other signal after its end, which may live as long as the process', () => {
  const other = new AbortController().signal;
  const limitOften = () => {
    for (let count = 0; count < 20_000; count += 1) timeLimit(60_000, other).end();
  };
  limitOften();
  const before = heapUsed();
  limitOften();
  expect(heapUsed() - before).toBeLessThan(1_000_000);
  expect(getEventListeners(other, 'abort')).toEqual([]);
});

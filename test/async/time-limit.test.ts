import { once } from 'node:events';
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

test('does not abort after its end', async () => {
  const { signal, end } = timeLimit(1, undefined);
  end();
  const later = timeLimit(30, undefined);
  await once(later.signal, 'abort');
  expect(signal.aborted).toBe(false);
});

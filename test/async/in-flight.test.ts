import { expect, test } from 'vitest';
import { InFlight } from '../../src/async/in-flight.ts';

test('drain waits for the work that tracked work begins before its end', async () => {
  const inFlight = new InFlight();
  const ended: string[] = [];
  const work = async (name: string, next?: () => void) => {
    await new Promise(setImmediate);
    next?.();
    ended.push(name);
  };
  void inFlight.track(work('submit', () => void inFlight.track(work('publication'))));
  await inFlight.drain(60_000);
  expect(ended).toEqual(['submit', 'publication']);
});

test('drain waits for work that fails, and no longer than its time', async () => {
  const inFlight = new InFlight();
  inFlight.track(Promise.reject(new Error('no database'))).catch(() => undefined);
  await inFlight.drain(60_000);
  void inFlight.track(new Promise(() => undefined));
  await inFlight.drain(1);
});

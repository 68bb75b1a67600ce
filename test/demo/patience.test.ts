import { expect, it } from 'vitest';
import { createPatience, Stopped } from '../../demo/patience.ts';
import { Ends } from '../../demo/ends.ts';

it('patience gives what the work gives', async () => {
  const wait = createPatience(new AbortController().signal);
  await expect(wait('tea', Promise.resolve('tea'))).resolves.toBe('tea');
  await expect(wait('tea', Promise.reject(new Error('no water')))).rejects.toThrow('no water');
});

it('patience ends at once when the demo is stopped, and says what it was waiting for', async () => {
  const stopper = new AbortController();
  const wait = createPatience(stopper.signal);
  const waiting = wait('godot', new Promise(() => undefined));
  stopper.abort({ kind: 'deadline', seconds: 55 });
  await expect(waiting).rejects.toEqual(new Stopped({ kind: 'deadline', seconds: 55 }, 'godot'));
  await expect(wait('tea', Promise.resolve('tea'))).resolves.toBe('tea');
  await expect(wait('more', new Promise(() => undefined))).rejects.toBeInstanceOf(Stopped);
});

it('ends run in reverse order, all of them, and the first failure is told', async () => {
  const order: string[] = [];
  const ends = new Ends();
  ends.add(() => void order.push('first started'));
  ends.add(() => Promise.reject(new Error('would not end')));
  ends.add(() => void order.push('last started'));
  await expect(ends.run()).rejects.toThrow('would not end');
  expect(order).toEqual(['last started', 'first started']);
  await ends.run();
});

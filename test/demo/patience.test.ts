import { expect, it } from 'vitest';
import { createPatience, Stopped } from '../../demo/patience.ts';

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

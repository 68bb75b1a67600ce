import { expect, it } from 'vitest';
import { createWait, Stopped } from '../../demo/stoppable.ts';

it('wait settles with its work', async () => {
  const wait = createWait(new AbortController().signal);
  await expect(wait('tea', Promise.resolve('tea'))).resolves.toBe('tea');
  await expect(wait('tea', Promise.reject(new Error('no water')))).rejects.toThrow('no water');
});

it('wait rejects at once when the demo stops, and names the pending work', async () => {
  const stopper = new AbortController();
  const wait = createWait(stopper.signal);
  const waiting = wait('godot', new Promise(() => undefined));
  stopper.abort({ kind: 'deadline', seconds: 55 });
  await expect(waiting).rejects.toEqual(new Stopped({ kind: 'deadline', seconds: 55 }, 'godot'));
  await expect(wait('tea', Promise.resolve('tea'))).resolves.toBe('tea');
  await expect(wait('more', new Promise(() => undefined))).rejects.toBeInstanceOf(Stopped);
});

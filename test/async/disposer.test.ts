import { expect, test } from 'vitest';
import { Disposer } from '../../src/async/disposer.ts';

test('a disposer releases everything once, in reverse order, even when releases fail', async () => {
  const released: string[] = [];
  const disposer = new Disposer();
  disposer.add(() => void released.push('lock'));
  disposer.add(async () => void released.push('database'));
  disposer.add(() => Promise.reject(new Error('sockets')));
  disposer.add(() => {
    throw new Error('timers');
  });

  await expect(disposer.dispose()).rejects.toThrow('timers');
  expect(released).toEqual(['database', 'lock']);
  await disposer.dispose();
  expect(released).toHaveLength(2);
});

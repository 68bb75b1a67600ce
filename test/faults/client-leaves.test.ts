import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startChild } from '../support/child-process.ts';
import { startGateway } from '../support/gateway.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
const gateway = await startGateway(app.url);
afterAll(async () => {
  await gateway.close();
  await app.close();
});

test.each(['websocket', 'sse', 'polling', 'waiting'])(
  'a Node process ends after it has left its watches (%s)',
  async (way) => {
    gateway.streams = way === 'polling' ? 'refuse' : 'pass';
    const { id } = await app.newAvatar();
    const url = way === 'waiting' ? `http://127.0.0.1:${await freePort()}` : gateway.url;
    const child = startChild(fileURLToPath(new URL('leave.ts', import.meta.url)), [
      `${url}/graphql`,
      id,
      way,
    ]);
    const exited = once(child.process, 'exit');
    expect(await child.line()).toBe('left');
    expect(await exited).toEqual([0, null]);
  },
);

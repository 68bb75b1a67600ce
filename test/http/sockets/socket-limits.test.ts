import { afterAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { JWT_SECRET, tokenOf } from '../../support/tokens.ts';
import { RawSocket, upgradeRefusal } from '../../support/raw-socket.ts';
import { startTestApp } from '../../support/test-app.ts';

const app = await startTestApp({
  env: { AUTH_JWT_SECRET: JWT_SECRET, LIMIT_SOCKETS: '4', LIMIT_SOCKETS_PER_OWNER: '2' },
});
afterAll(() => app.close());

const connected = async (owner: string) => RawSocket.connected(app.graphqlUrl, await tokenOf(owner));

test('an owner’s third socket is closed with 1013, and has a place when another is gone', async () => {
  const [first, second] = [await connected('ada'), await connected('ada')];
  const third = await RawSocket.open(app.graphqlUrl);
  third.say({ type: 'connection_init', payload: { authorization: `Bearer ${await tokenOf('ada')}` } });
  expect(await third.closedWith()).toBe(1013);

  const other = await connected('bob');
  await first.end();
  const instead = await connected('ada');
  await Promise.all([second, other, instead].map((socket) => socket.end()));
});

test('one socket more than there may be is refused with 503, and queries are answered all the same', async () => {
  const sockets = [];
  for (const owner of ['a', 'b', 'c', 'd']) sockets.push(await connected(owner));

  expect(await upgradeRefusal(app.graphqlUrl, {})).toBe(503);
  expect((await fetch(`${app.url}/readyz`)).status).toBe(200);

  await sockets.pop()?.end();
  const again = await eventually('a place', () => connected('e').catch(() => null));
  await Promise.all([...sockets, again].map((socket) => socket.end()));
});

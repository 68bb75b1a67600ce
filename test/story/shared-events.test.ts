import { afterAll, expect, test } from 'vitest';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { RawSocket, type Frame } from '../support/raw-socket.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => app.close());

const token = await tokenOf('ada');
const asAda = { token };
const WATCH = 'subscription ($id: ID!) { avatarStatus(avatarId: $id) { id version status name } }';
/** Every message repeats the id that the client chose. */
const IDS = ['1', '"', '\\', 'é😀', 'x'.repeat(128)];

type Payload = { readonly data?: { readonly avatarStatus?: { version: number; status: string } } };
const stateIn = ({ payload }: Frame) => (payload as Payload | undefined)?.data?.avatarStatus;
const versionIn = (frame: Frame) => stateIn(frame)?.version;
const statusIn = (frame: Frame) => stateIn(frame)?.status;

test('subscribers who share an event get the same state, each under its own id, until they complete', async () => {
  const avatar = await app.newAvatar({}, asAda);
  const variables = { id: avatar.id };
  const sockets = await Promise.all(IDS.map(() => RawSocket.connected(app.graphqlUrl, token)));
  for (const socket of sockets) for (const id of IDS) socket.subscribe(id, WATCH, variables);
  const all = sockets.flatMap((socket) => IDS.map((id) => ({ socket, id })));
  const firsts = await Promise.all(
    all.map(({ socket, id }) => socket.until((frame) => frame.type === 'next' && frame.id === id)),
  );
  expect(new Set(firsts.map((frame) => JSON.stringify(frame.payload))).size).toBe(1);
  expect(await app.listeners()).toBe(all.length);

  const [leaving, ...staying] = all;
  leaving?.socket.say({ type: 'complete', id: leaving.id });
  await expect.poll(() => app.listeners()).toBe(staying.length);
  await app.startTraining({ avatarId: avatar.id }, asAda);

  for (const { socket, id } of staying) {
    const frame = await socket.until((given) => given.id === id && statusIn(given) === 'COMPLETED');
    const now = await app.avatarNow(avatar.id, token);
    expect(frame).toEqual({
      id,
      type: 'next',
      payload: {
        data: {
          avatarStatus: { id: now.id, version: now.version, status: 'COMPLETED', name: now.name },
        },
      },
    });
  }
  const frames = leaving?.socket.frames.filter(({ id }) => id === leaving.id) ?? [];
  expect(frames.map(versionIn)).toEqual([avatar.version]);
  await Promise.all(sockets.map((socket) => socket.end()));
});

test('another owner with the same operation gets NOT_FOUND, also while the owner watches', async () => {
  const { id } = await app.newAvatar({}, asAda);
  const ada = await RawSocket.connected(app.graphqlUrl, token);
  const bob = await RawSocket.connected(app.graphqlUrl, await tokenOf('bob'));
  ada.subscribe('1', WATCH, { id });
  await ada.until((frame) => frame.type === 'next');
  bob.subscribe('1', WATCH, { id });
  await bob.until((frame) => frame.type === 'complete');
  await app.startTraining({ avatarId: id }, asAda);
  await ada.until((frame) => statusIn(frame) === 'COMPLETED');
  bob.subscribe('2', '{ trainers { name } }');
  await bob.until((frame) => frame.type === 'complete' && frame.id === '2');

  const errors = [expect.objectContaining({ extensions: { code: 'NOT_FOUND' }, path: ['avatarStatus'] })];
  expect(bob.frames.filter((frame) => frame.id === '1')).toEqual([
    { id: '1', type: 'next', payload: { errors } },
    { id: '1', type: 'complete' },
  ]);
  await Promise.all([ada.end(), bob.end()]);
});

test('a subscriber leaves when its token expires, and the one who shares with it stays', async () => {
  const { id } = await app.newAvatar({}, asAda);
  const staying = await RawSocket.connected(app.graphqlUrl, token);
  const leaving = await RawSocket.connected(app.graphqlUrl, await tokenOf('ada', { lifetimeS: 3 }));
  for (const socket of [leaving, staying]) {
    socket.subscribe('1', WATCH, { id });
    await socket.until((frame) => frame.type === 'next');
  }

  expect(await leaving.closedWith()).toBe(4403);
  await app.startTraining({ avatarId: id }, asAda);
  await staying.until((frame) => statusIn(frame) === 'COMPLETED');

  expect(leaving.frames.map(statusIn)).not.toContain('COMPLETED');
  await staying.end();
});

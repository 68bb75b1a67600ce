import { once } from 'node:events';
import { afterAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { openReader, type Reader } from './paused-reader.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startChangingServer, type ChangingServer } from './changing.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

// The shipped times are 12 s, 30 s, an hour and ten minutes; what is measured against them here is a fraction.
const PING_MS = 2000;
const STALL_MS = 1500;
const STREAM_MS = 4000;
const IDLE_MS = 3000;
/** What timers and a busy machine may add. */
const SLACK_MS = 4000;
const SUBSCRIBERS = 4;

const cleanUp: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of cleanUp.reverse()) await end();
});

const impatient = await startChangingServer({
  // More than the buffers of the system and of the proxy take in.
  changes: 300,
  rowBytes: 500_000,
  patience: { pingMs: PING_MS, stallMs: STALL_MS },
  limits: { streamsPerOwner: SUBSCRIBERS, socketsPerOwner: SUBSCRIBERS },
});
cleanUp.push(() => impatient.close());

const shortLived = await startChangingServer({
  changes: 1,
  rowBytes: 10,
  patience: { pingMs: PING_MS, streamMs: STREAM_MS, idleMs: IDLE_MS },
  limits: { streamsPerOwner: SUBSCRIBERS, socketsPerOwner: SUBSCRIBERS },
});
cleanUp.push(() => shortLived.close());

type Stage = { readonly server: ChangingServer; readonly proxy: TcpProxy; readonly readers: Reader[] };

/** All places of the owner are taken by subscribers behind one proxy, which then falls silent. */
async function vanished(over: 'ws' | 'sse', server: ChangingServer): Promise<Stage> {
  const { graphqlUrl, avatarId } = server;
  const proxy = await startTcpProxy([{ port: Number(new URL(graphqlUrl).port) }]);
  cleanUp.push(() => proxy.close());
  const readers = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, () =>
      openReader(over, graphqlUrl, { avatarId, through: proxy.port }),
    ),
  );
  expect(await server.listeners()).toBe(SUBSCRIBERS);
  proxy.stall();
  return { server, proxy, readers };
}

/** Milliseconds until nobody listens any more; the places have to be free again then. */
async function noticedAfter({ server, proxy, readers }: Stage, withinMs: number): Promise<number> {
  const began = performance.now();
  await eventually(
    'nobody to listen',
    async () => ((await server.listeners()) === 0 ? true : null),
    withinMs + SLACK_MS,
  );
  const tookMs = Math.round(performance.now() - began);
  expect(readers.map((reader) => reader.ended())).toEqual(readers.map(() => null));
  const again = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, (_, index) =>
      openReader(index % 2 === 0 ? 'ws' : 'sse', server.graphqlUrl, { avatarId: server.avatarId }),
    ),
  );
  for (const reader of again) reader.drop();
  await eventually('their places', async () => ((await server.listeners()) === 0 ? true : null));
  proxy.resume();
  await eventually('the others to hear of it', () =>
    readers.every((reader) => reader.ended() !== null) ? true : null,
  );
  return tookMs;
}

describe('subscribers that vanish without a word', { timeout: 60_000 }, () => {
  test('are noticed on a WebSocket when a ping stays without an answer', async () => {
    const stage = await vanished('ws', impatient);
    const tookMs = await noticedAfter(stage, 2 * PING_MS);
    process.stdout.write(`WebSocket: noticed after ${tookMs} ms at a ping every ${PING_MS} ms\n`);
    expect(stage.readers.map((reader) => reader.ended())).toEqual(stage.readers.map(() => 1006));
  });

  test('are noticed on a stream as soon as nothing of what is sent is taken any more', async () => {
    const stage = await vanished('sse', impatient);
    const { tookMs } = await impatient.change();
    const stalledMs = await noticedAfter(stage, 1.5 * STALL_MS);
    process.stdout.write(`Stream: noticed ${stalledMs} ms after ${tookMs} ms of changes\n`);
  });

  test('are not kept on a stream beyond its age where there is nothing to send', async () => {
    const stage = await vanished('sse', shortLived);
    const tookMs = await noticedAfter(stage, STREAM_MS);
    process.stdout.write(`Stream without news: cut after ${tookMs} ms\n`);
  });
});

test('a stream that is still read is cut at its age too, and its reader can come again', async () => {
  const { graphqlUrl, avatarId } = shortLived;
  const reader = await openReader('sse', graphqlUrl, { avatarId });
  await eventually('its end', () => (reader.ended() === 'cut' ? true : null), STREAM_MS + SLACK_MS);
  await eventually('nobody to listen', async () => ((await shortLived.listeners()) === 0 ? true : null));
  const { version } = await shortLived.change();
  const again = await openReader('sse', graphqlUrl, { avatarId });
  expect(again.versions).toEqual([version]);
  again.drop();
});

test('a socket without any operation is closed with 1000, and one that watches is not', async () => {
  const { graphqlUrl, avatarId } = shortLived;
  const watching = await openReader('ws', graphqlUrl, { avatarId });
  const idle = await RawSocket.connected(graphqlUrl);
  idle.subscribe('1', '{ trainers { name } }');
  await idle.until(({ type }) => type === 'complete');

  expect(await idle.closedWith(IDLE_MS + PING_MS + SLACK_MS)).toBe(1000);
  expect(watching.ended()).toBeNull();
  const { version } = await shortLived.change();
  await eventually('the news', () => (watching.versions.at(-1) === version ? true : null));
  watching.drop();
});

test('a socket that answers no ping is ended, whatever it says unasked', async () => {
  const url = impatient.graphqlUrl.replace(/^http/, 'ws');
  const socket = new WebSocket(url, 'graphql-transport-ws', { autoPong: false });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  const saying = setInterval(() => socket.pong(), PING_MS / 10);

  const [code] = (await once(socket, 'close')) as [number];

  clearInterval(saying);
  expect(code).toBe(1006);
});

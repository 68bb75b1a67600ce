import { once } from 'node:events';
import { afterAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Disposer } from '../../src/async/disposer.ts';
import { eventually } from '../support/eventually.ts';
import {
  openSubscriber,
  startChangingServer,
  type ChangingServer,
  type Subscriber,
} from '../support/start-changing-server.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { TRANSPORTS, type Transport } from '../support/api-client.ts';

// Fractions of the shipped 12 s, 30 s, an hour and ten minutes. Nothing but them ends these connections.
const PING_MS = 2000;
const STALL_MS = 1500;
const STREAM_MS = 4000;
const IDLE_MS = 3000;
const SUBSCRIBERS = 4;
const LIMITS = { streamsPerOwner: SUBSCRIBERS, socketsPerOwner: SUBSCRIBERS };

const disposer = new Disposer();
afterAll(() => disposer.dispose());

async function start(options: Parameters<typeof startChangingServer>[0]): Promise<ChangingServer> {
  const server = await startChangingServer({ ...options, limits: LIMITS });
  disposer.add(server.close);
  return server;
}

const impatient = await start({
  // More than the buffers of the system and of the proxy hold.
  changes: 300,
  rowBytes: 500_000,
  patience: { pingMs: PING_MS, stallMs: STALL_MS },
});
const shortLived = await start({
  changes: 1,
  rowBytes: 10,
  patience: { pingMs: PING_MS, streamMs: STREAM_MS, idleMs: IDLE_MS },
});

const noListeners = (server: ChangingServer) =>
  eventually('all listeners to be gone', async () => (await server.listeners()) === 0);

async function open(server: ChangingServer, over: Transport): Promise<Subscriber> {
  const subscriber = await openSubscriber(server, over);
  disposer.add(subscriber.close);
  return subscriber;
}

/** Subscribers that take all places of their owner, and then fall silent. */
async function vanished(server: ChangingServer, over: Transport): Promise<Subscriber[]> {
  const all = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => open(server, over)));
  expect(await server.listeners()).toBe(SUBSCRIBERS);
  for (const { proxy } of all) proxy.stall();
  return all;
}

/** Their places become free, although they get no sign of it before they are back. */
async function areDetected(server: ChangingServer, subscribers: readonly Subscriber[]): Promise<void> {
  await noListeners(server);
  expect(subscribers.filter(({ watch }) => watch.hasEnded)).toEqual([]);
  const others = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, (_, index) => open(server, TRANSPORTS[index % 2] ?? 'ws')),
  );
  for (const { close } of others) await close();
  await noListeners(server);
  for (const { watch, proxy } of subscribers) {
    proxy.resume();
    await watch.ended();
  }
}

describe('subscribers that vanish', () => {
  test('are detected on a WebSocket by an unanswered ping', async () => {
    const subscribers = await vanished(impatient, 'ws');
    await areDetected(impatient, subscribers);
    for (const { watch } of subscribers) expect(watch.closedWith).toBe(1006);
  });

  test('are detected on a stream once they take nothing of what is sent', async () => {
    const subscribers = await vanished(impatient, 'sse');
    await impatient.change();
    await areDetected(impatient, subscribers);
  });

  test('lose a stream without events at its maximum age', async () => {
    await areDetected(shortLived, await vanished(shortLived, 'sse'));
  });
});

describe('the server closes', () => {
  test('a stream that is still read at its maximum age, and its reader can come again', async () => {
    const { watch } = await open(shortLived, 'sse');
    await eventually('its end', () => watch.closedWith === 'cut');
    await noListeners(shortLived);
    const { version } = await shortLived.change();
    const again = await open(shortLived, 'sse');
    expect(again.watch.seen).toMatchObject([{ version }]);
    await again.close();
  });

  test('a socket without any operation with 1000, and not one with a subscription', async () => {
    const { watch, close } = await open(shortLived, 'ws');
    const idle = await RawSocket.connected(shortLived.graphqlUrl);
    idle.subscribe('1', '{ trainers { name } }');
    await idle.until(({ type }) => type === 'complete');

    expect(await idle.closedWith()).toBe(1000);
    expect(watch.hasEnded).toBe(false);
    const { version } = await shortLived.change();
    await watch.until((row) => row.version === version, 'the change');
    await close();
  });

  test('a socket that answers no ping, even if it sends unsolicited pongs', async () => {
    const url = impatient.graphqlUrl.replace(/^http/, 'ws');
    const socket = new WebSocket(url, 'graphql-transport-ws', { autoPong: false });
    socket.on('error', () => undefined);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init' }));
    // With data: an empty pong counts as an answer, because small clients send no other.
    const pongs = setInterval(() => socket.pong('0'), PING_MS / 10);

    const [code] = (await once(socket, 'close')) as [number];

    clearInterval(pongs);
    expect(code).toBe(1006);
  });
});

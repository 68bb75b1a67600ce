import { createConnection } from 'node:net';
import { once } from 'node:events';
import { afterAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { heapUsed } from '../support/heap-used.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { RawSocket, upgradeRefusal } from '../support/raw-socket.ts';
import { startTestApp } from '../support/test-app.ts';

const SOCKETS = 10;
const app = await startTestApp({
  env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET, LIMIT_SOCKETS: String(SOCKETS) },
});
afterAll(() => app.close());
const token = await tokenOf('ada');
const WATCH = 'subscription { avatarStatus { id } }';
describe('one id for two operations', () => {
  test('is refused while the first is under way, also when the client has completed it', async () => {
    const socket = await RawSocket.connected(app.graphqlUrl, token);
    socket.subscribe('same', '{ avatars(first: 1) { edges { cursor } } }');
    socket.say({ type: 'complete', id: 'same' });
    socket.subscribe('same', WATCH);
    expect(await socket.closedWith()).toBe(4409);
    await eventually('no listener to be left', async () => (await app.listeners()) === 0);
  });

  test('is fine one after the other', async () => {
    const socket = await RawSocket.connected(app.graphqlUrl, token);
    for (let times = 0; times < 3; times += 1) {
      const before = socket.frames.length;
      socket.subscribe('same', '{ avatars(first: 1) { edges { cursor } } }');
      await socket.until((frame) => frame.type === 'complete' && socket.frames.indexOf(frame) >= before);
    }
    await socket.end();
  });

  test('is quoted in the reason as far as a close frame holds it', async () => {
    const socket = await RawSocket.connected(app.graphqlUrl, token);
    const id = '😀'.repeat(60);
    socket.subscribe(id, WATCH);
    socket.subscribe(id, WATCH);
    expect(await socket.closedWith()).toBe(4409);
    expect(socket.closed?.reason).toMatch(/^Subscriber for 😀+$/u);
  });
});

test('an id that every message would repeat is short', async () => {
  const socket = await RawSocket.connected(app.graphqlUrl, token);
  socket.subscribe('x'.repeat(129), WATCH);
  expect(await socket.closedWith()).toBe(4400);
});

describe('before anybody has signed in', () => {
  test('a ping is answered without what it says, however deep that is', async () => {
    const socket = await RawSocket.open(app.graphqlUrl);
    socket.say(`{"type":"ping","payload":{"a":${'['.repeat(40_000)}${']'.repeat(40_000)}}}`);
    expect(await socket.until(({ type }) => type === 'pong')).toEqual({ type: 'pong' });
    await socket.end();
  });

  test('a flood of messages ends the socket', async () => {
    const socket = await RawSocket.open(app.graphqlUrl);
    for (let times = 0; times < 50; times += 1)
      socket.say({ type: 'ping', payload: { text: 'x'.repeat(10_000) } });
    expect(await socket.closedWith()).toBe(1006);
    expect(socket.frames.length).toBeLessThanOrEqual(20);
  });

  test('a flood of WebSocket pings ends the socket', async () => {
    const socket = new WebSocket(app.graphqlUrl.replace(/^http/, 'ws'), 'graphql-transport-ws');
    let pongs = 0;
    socket.on('pong', () => (pongs += 1));
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    await once(socket, 'open');
    for (let times = 0; times < 50; times += 1) socket.ping();
    expect((await closed)[0]).toBe(1006);
    expect(pongs).toBeLessThanOrEqual(20);
  });

  test('sockets take half of the places at most', async () => {
    const strangers = await Promise.all(
      Array.from({ length: SOCKETS / 2 }, () => RawSocket.open(app.graphqlUrl)),
    );
    expect(await upgradeRefusal(app.graphqlUrl)).toBe(503);
    await strangers[0]?.end();
    const friend = await RawSocket.connected(app.graphqlUrl, token);
    await friend.end();
    for (const stranger of strangers.slice(1)) await stranger.end();
  });
});

test('a message in more than a hundred pieces ends the socket', async () => {
  const { hostname, port } = new URL(app.url);
  const socket = createConnection(Number(port), hostname);
  let received = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => (received = Buffer.concat([received, data])));
  const lines = ['GET /graphql HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade'];
  const key = ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version: 13'];
  socket.write([...lines, ...key, 'Sec-WebSocket-Protocol: graphql-transport-ws', '', ''].join('\r\n'));
  await eventually('the upgrade', () => received.includes('101 Switching'));
  // Masked frames of one byte each: the first of a text, then its continuations, none the last.
  const frame = (opcode: number) => Buffer.from([opcode, 0x81, 0, 0, 0, 0, 0x20]);
  socket.write(Buffer.concat([frame(0x01), ...Array.from({ length: 200 }, () => frame(0x00))]));
  // A close frame with 1008, policy violation.
  await eventually('the end', () => received.includes(Buffer.from([0x88, 0x02, 0x03, 0xf0])));
  socket.destroy();
});

test('a peer that sends messages and confirms none of the responses is closed with 1008', async () => {
  const url = app.graphqlUrl.replace(/^http/, 'ws');
  const socket = new WebSocket(url, 'graphql-transport-ws', { autoPong: false });
  const closed = once(socket, 'close');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  await once(socket, 'message');
  const payload = { query: `{ ${'x'.repeat(300)} }` };
  for (let id = 0; id < 1000; id += 1)
    socket.send(JSON.stringify({ type: 'subscribe', id: `s${id}`, payload }));
  expect((await closed)[0]).toBe(1008);
});

test('a peer that confirms nothing, subscribes and completes again and again is closed with 1008', async () => {
  const { id } = await app.newAvatar({}, { token });
  const socket = new WebSocket(app.graphqlUrl.replace(/^http/, 'ws'), 'graphql-transport-ws', {
    autoPong: false,
  });
  const closed = once(socket, 'close');
  const say = (message: object) => socket.send(JSON.stringify(message));
  await once(socket, 'open');
  say({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  await once(socket, 'message');
  const query = `subscription { avatarStatus(avatarId: "${id}") { id } }`;
  let [received, messages] = [0, 0];
  socket.on('message', (data: Buffer) => {
    received += data.length;
    messages += 1;
  });
  const roundTrip = async () => {
    socket.ping();
    await once(socket, 'pong');
  };
  for (let operation = 0; socket.readyState === WebSocket.OPEN; operation += 1) {
    const payload = { query: received < 64_000 ? `{ ${'x'.repeat(300)} }` : query };
    say({ type: 'subscribe', id: `s${operation}`, payload });
    await Promise.race([roundTrip(), closed]);
    say({ type: 'complete', id: `s${operation}` });
  }
  expect((await closed)[0]).toBe(1008);
  expect(messages).toBeGreaterThan(0);
});

test('a peer that confirms nothing gets a window of responses, and one pong when it confirms', async () => {
  const socket = new WebSocket(app.graphqlUrl.replace(/^http/, 'ws'), 'graphql-transport-ws', {
    autoPong: false,
  });
  const pings: Buffer[] = [];
  const received: string[] = [];
  socket.on('ping', (data) => pings.push(data));
  socket.on('message', (data: Buffer) => received.push(data.toString()));
  const closed = new AbortController();
  socket.once('close', () => closed.abort());
  const next = (event: 'message' | 'pong') => once(socket, event, { signal: closed.signal });
  const answerTo = async (message: object) => {
    socket.send(JSON.stringify(message));
    await next('message');
  };
  /** The pong follows everything that the server has sent by then. */
  const allReceived = async () => {
    socket.ping();
    await next('pong');
    return received.length;
  };
  await once(socket, 'open');
  await answerTo({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  const payload = { query: `{ ${'x'.repeat(300)} }` };
  while (received.join('').length < 64_000)
    await answerTo({ type: 'subscribe', id: `s${received.length}`, payload });
  const window = received.length;

  for (let times = 0; times < 200; times += 1) {
    socket.send('{"type":"ping"}');
    expect(await allReceived()).toBe(window);
  }

  const [ping] = pings;
  if (ping === undefined) throw new Error('expected a ping');
  socket.pong(ping);
  await next('message');
  expect(await allReceived()).toBe(window + 1);
  expect(received.at(-1)).toBe('{"type":"pong"}');
  socket.close();
  await once(socket, 'close');
});

test('a peer that answers pings without their data gets everything', async () => {
  const socket = new WebSocket(app.graphqlUrl.replace(/^http/, 'ws'), 'graphql-transport-ws', {
    autoPong: false,
  });
  socket.on('ping', () => socket.pong());
  let received = 0;
  socket.on('message', (data: Buffer) => (received += data.length));
  const answerTo = async (message: object) => {
    socket.send(JSON.stringify(message));
    await once(socket, 'message');
  };
  await once(socket, 'open');
  await answerTo({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  const payload = { query: `{ ${'x'.repeat(300)} }` };
  for (let id = 0; received < 3 * 64_000; id += 1)
    await answerTo({ type: 'subscribe', id: `s${id}`, payload });
  socket.close();
  await once(socket, 'close');
});

/** Takes 0.5 MB once it is parsed. */
const filler = Array.from({ length: 15_000 }, () => []);

test('what a client sends beside what is needed is not kept', async () => {
  const sockets: RawSocket[] = [];
  const before = heapUsed();
  for (let index = 0; index < SOCKETS - 2; index += 1) {
    const socket = await RawSocket.open(app.graphqlUrl);
    socket.say({ type: 'connection_init', payload: { authorization: `Bearer ${token}`, filler } });
    await socket.until(({ type }) => type === 'connection_ack');
    for (let id = 0; id < 4; id += 1) {
      socket.say({
        type: 'subscribe',
        id: `s${id}`,
        payload: { query: WATCH, variables: { filler }, extensions: { filler } },
      });
    }
    sockets.push(socket);
  }
  await eventually('all to listen', async () => (await app.listeners()) === 4 * sockets.length);
  // It was sent 72 times.
  expect(heapUsed() - before).toBeLessThan(15_000_000);
  for (const socket of sockets) await socket.end();
});

test('the extensions of an event stream’s request are not kept', async () => {
  const before = heapUsed();
  const leaving = new AbortController();
  const streams = await Promise.all(
    Array.from({ length: 40 }, () =>
      fetch(app.graphqlUrl, {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ query: WATCH, extensions: { filler } }),
        signal: leaving.signal,
      }),
    ),
  );
  await eventually('all to listen', async () => (await app.listeners()) === streams.length);
  expect(heapUsed() - before).toBeLessThan(10_000_000);
  leaving.abort();
});

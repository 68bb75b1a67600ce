import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, describe, expect, test } from 'vitest';
import { databasePlace } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startServer } from '../support/server.ts';

const place = await databasePlace();
const server = await startServer({ ...place.env });
await eventually('its last line at the start', () => server.printed.includes('photos'));
const printedAtStart = server.printed;
afterAll(async () => {
  await server.kill();
  await place.drop();
});

/** A frame as no client library would send it: masked with nothing, as clients have to mask. */
function frame(firstByte: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([firstByte, ...length, 0, 0, 0, 0]), payload]);
}

/** A socket below WebSocket, with all of its upgrade request but the last byte sent. */
async function nearlyUpgraded(): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const key = randomBytes(16).toString('base64');
  socket.write(
    'GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r`,
  );
  return socket;
}

/** The same after its upgrade. */
async function upgraded(): Promise<Socket> {
  const socket = await nearlyUpgraded();
  socket.write('\n');
  await once(socket, 'data');
  return socket;
}

const TEXT = 0x81;

describe('a protocol error of a peer', () => {
  test.each<[what: string, bytes: Buffer]>([
    ['a reserved bit', frame(TEXT | 0x40, Buffer.from('{}'))],
    ['an unknown opcode', frame(0x83, Buffer.from('{}'))],
    ['invalid UTF-8', frame(TEXT, Buffer.from([0xff, 0xfe]))],
    ['a fragmented control frame', frame(0x09, Buffer.from('x'))],
    ['a close with half a code', frame(0x88, Buffer.from([3]))],
    ['no mask', Buffer.from([TEXT, 2, 0x7b, 0x7d])],
  ])('closes the socket: %s', async (_what, bytes) => {
    const socket = await upgraded();
    socket.write(bytes);
    socket.resume();
    await once(socket, 'close');
  });

  test.each<[what: string, message: object | string, code: number]>([
    ['a message too large', 'x'.repeat(200_000), 1009],
    ['a message for clients', { type: 'connection_ack' }, 4400],
    ['a result in place of an operation', { type: 'next', id: '1', payload: {} }, 4400],
  ])('closes the socket with a code: %s', async (_what, message, code) => {
    const socket = await RawSocket.open(server.graphqlUrl);
    socket.say(message);
    expect(await socket.closedWith()).toBe(code);
  });

  test('may be a reset connection', async () => {
    for (let count = 0; count < 20; count += 1) {
      const socket = await upgraded();
      socket.write(frame(TEXT, Buffer.from('{"type":"connection_init"}')));
      socket.resetAndDestroy();
    }
  });

  test('prints nothing, logs no error and leaves no listener', async () => {
    await eventually('no listener to be left', async () => (await server.listeners()) === 0);
    expect(server.printed).toBe(printedAtStart);
    expect(server.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});

// Before the last test: its filled buffers would be memory that the server has got already.
test('2,500 sockets without a token are open at most, whatever LIMIT_SOCKETS is', async () => {
  const sockets: Socket[] = [];
  while (sockets.length <= 2500) sockets.push(await nearlyUpgraded());
  const answers = Promise.all(
    sockets.map(async (socket) => String(((await once(socket, 'data')) as [Buffer])[0]).slice(0, 12)),
  );
  // The server handles all at once when it continues, so that none has been closed for its silence by then.
  server.signal('SIGSTOP');
  for (const socket of sockets) socket.write('\n');
  server.signal('SIGCONT');
  expect((await answers).filter((line) => line === 'HTTP/1.1 503')).toHaveLength(1);
  for (const socket of sockets) socket.destroy();
});

// At the latest when its pings stay unanswered.
test('a peer that sends without reading is closed, and costs no memory', async () => {
  const resident = () => server.metric('process_resident_memory_bytes');
  const before = await resident();
  const socket = await upgraded();
  socket.pause();
  socket.write(frame(TEXT, Buffer.from('{"type":"connection_init"}')));
  const filler = 'x'.repeat(50_000);
  const question = frame(
    TEXT,
    Buffer.from(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: `{ ${filler} }` } })),
  );
  const ping = frame(0x89, Buffer.alloc(125));
  const end = frame(TEXT, Buffer.from('{"type":"complete","id":"1"}'));
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (let count = 0; count < 2000 && !socket.destroyed; count += 1) {
    if (socket.write(Buffer.concat([question, ping, end]))) continue;
    await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), gone]);
  }
  socket.resume();
  await gone;
  expect((await resident()) - before).toBeLessThan(150_000_000);
});

// Many graphql-transport-ws subscribers over plain sockets, in a process of its own: they count frames and read none, so
// that what is measured is the server. The process also sends the request whose effect they wait for: one clock.
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';

/** @type {{ socket: import('node:net').Socket }[]} */
let subscribers = [];
let frames = 0;
let wanted = 0;
let onAll = () => undefined;

process.on('message', async (order) => {
  if (order.kind === 'connect') process.send?.(await connectAll(order));
  if (order.kind === 'publish') process.send?.(await publish(order));
  if (order.kind === 'disconnect') {
    for (const { socket } of subscribers) socket.destroy();
    subscribers = [];
    process.send?.({});
  }
});

/** Resolves once each of them has had its first event. */
async function connectAll({ port, count, token, query, variables }) {
  const began = performance.now();
  frames = 0;
  wanted = count;
  const all = new Promise((resolve) => (onAll = resolve));
  for (let index = 0; index < count; index += 1) {
    subscribers.push(await subscribe(port, token, { query, variables }));
  }
  await all;
  return { ms: performance.now() - began };
}

async function publish({ url, headers, body }) {
  frames = 0;
  wanted = subscribers.length;
  const all = new Promise((resolve) => (onAll = resolve));
  const began = performance.now();
  const status = await new Promise((resolve, reject) => {
    const asking = request(url, { method: 'POST', headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    asking.on('error', reject).end(body);
  });
  await all;
  return { status, ms: performance.now() - began };
}

function subscribe(port, token, payload) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    const subscriber = { socket };
    let isOpen = false;
    let buffered = Buffer.alloc(0);
    socket.on('error', reject);
    socket.write(
      `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    );
    socket.on('data', (chunk) => {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
      if (!isOpen) {
        const end = buffered.indexOf('\r\n\r\n');
        if (end < 0) return;
        buffered = buffered.subarray(end + 4);
        isOpen = true;
        const authorization = `Bearer ${token}`;
        socket.write(masked(1, JSON.stringify({ type: 'connection_init', payload: { authorization } })));
      }
      for (;;) {
        const frame = readFrame(buffered);
        if (frame === null) return;
        buffered = buffered.subarray(frame.end);
        if (frame.opcode === 9) socket.write(masked(10, frame.payload));
        if (frame.opcode === 8) throw new Error(`The server closed: ${frame.payload.subarray(2).toString()}`);
        if (frame.opcode !== 1) continue;
        if (!frame.payload.includes('"next"')) {
          if (!frame.payload.includes('"connection_ack"')) throw new Error(frame.payload.toString());
          const id = randomBytes(6).toString('hex');
          socket.write(masked(1, JSON.stringify({ id, type: 'subscribe', payload })));
          resolve(subscriber);
          continue;
        }
        frames += 1;
        if (frames === wanted) onAll();
      }
    });
  });
}

function readFrame(buffer) {
  if (buffer.length < 2) return null;
  let length = buffer[1] & 127;
  let start = 2;
  if (length === 126) {
    if (buffer.length < 4) return null;
    length = buffer.readUInt16BE(2);
    start = 4;
  }
  if (buffer.length < start + length) return null;
  return { opcode: buffer[0] & 15, payload: buffer.subarray(start, start + length), end: start + length };
}

/** The mask is zero: it costs the server the same. */
function masked(opcode, content) {
  const payload = Buffer.from(content);
  const head =
    payload.length < 126
      ? Buffer.from([128 | opcode, 128 | payload.length])
      : Buffer.from([128 | opcode, 128 | 126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

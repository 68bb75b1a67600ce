import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { textFrame } from '../../../src/http/sockets/ws-events.ts';
import { WebSocket, WebSocketServer } from 'ws';

/** Bytes around those where the length of a frame takes more bytes itself. */
const SIZES = [30, 125, 126, 127, 65_535, 65_536, 200_000];

test('a frame has the text of its two parts, however long it is', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const sockets = new WebSocketServer({ noServer: true });
  const end = ',"id":"é😀"}';
  const texts = SIZES.map((size) => `{"a":"${'x'.repeat(size - Buffer.byteLength(end) - 7)}"`);
  server.on('upgrade', (request, stream, head) => {
    sockets.handleUpgrade(request, stream, head, (socket) => {
      socket.send('first');
      for (const text of texts) stream.write(textFrame(Buffer.from(text), end));
      socket.close();
    });
  });
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const received: string[] = [];
  client.on('message', (data: Buffer, isBinary) => received.push(isBinary ? 'binary' : data.toString()));
  const [code] = (await once(client, 'close')) as [number];
  server.close();

  expect(code).toBe(1005);
  expect(received).toEqual(['first', ...texts.map((text) => text + end)]);
  expect(received.slice(1).map((text) => Buffer.byteLength(text))).toEqual(SIZES);
});

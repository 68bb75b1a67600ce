import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { listenOnLoopback } from '../../support/loopback.ts';
import { textFrame } from '../../../src/http/sockets/ws-events.ts';
import { WebSocket, WebSocketServer } from 'ws';

/** Bytes around those where the length of a frame takes more bytes itself. */
const SIZES = [30, 125, 126, 127, 65_535, 65_536, 200_000];

test('a frame has the text of its two parts, however long it is', async () => {
  const server = createServer();
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
  const url = await listenOnLoopback(server);
  const client = new WebSocket(url.replace('http', 'ws'));
  const received: string[] = [];
  client.on('message', (data: Buffer, isBinary) => received.push(isBinary ? 'binary' : data.toString()));
  const [code] = (await once(client, 'close')) as [number];
  server.close();

  expect(code).toBe(1005);
  expect(received).toEqual(['first', ...texts.map((text) => text + end)]);
  expect(received.slice(1).map((text) => Buffer.byteLength(text))).toEqual(SIZES);
});

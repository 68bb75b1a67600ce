import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { BodyBudget } from '../../src/http/body-budget.ts';
import { rawRequest } from '../support/raw-http.ts';
import { withBody } from '../../src/http/read-body.ts';

test.each([
  [0, 4096, 200],
  [8191, 4097, 503],
  [8192, 8192, 200],
  [8192, 8193, 503],
])(
  'with room for %i bytes, a body of %i chunks of one byte gets %i: what is counted is the memory that it takes',
  async (room, bytes, status) => {
    const limits = { maxBytes: 100_000, timeoutMs: 60_000, budget: new BodyBudget(room), key: '' };
    const server = createServer((request, response) => {
      void withBody(request, limits, (body) => {
        response.statusCode = body.kind === 'read' && body.bytes.byteLength === bytes ? 200 : 503;
        response.end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answer = await rawRequest(url, (write) => {
      write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
      write(`${'1\r\nx\r\n'.repeat(bytes)}0\r\n\r\n`);
      return () => undefined;
    });
    expect(answer.status).toBe(status);
  },
);

import { connect } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { databasePlace } from '../support/database.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startServer } from '../support/server.ts';

const BODY_BYTES = 200_000_000;
const CHUNK = Buffer.alloc(1_000_000, 'x');
/** A buffered body would be 200 MB, in several copies. Uncollected garbage counts too. */
const MAX_GROWTH_BYTES = 120_000_000;
/** How long requests may take to arrive. */
const [WEBHOOK_MS, OPERATION_MS, HEADERS_MS] = [10_000, 15_000, 15_000];

const place = await databasePlace();
const server = await startServer({ ...place.env });
afterAll(async () => {
  await server.kill();
  await place.drop();
});

const HOST = `Host: ${new URL(server.url).host}`;
/** The headers that make the server read a webhook's body. */
const WELL_FORMED = [
  'X-Fal-Webhook-Request-Id: 0',
  'X-Fal-Webhook-User-Id: anybody',
  `X-Fal-Webhook-Timestamp: ${Math.floor(Date.now() / 1000)}`,
  `X-Fal-Webhook-Signature: ${'0'.repeat(128)}`,
];
const head = (path: string, ...lines: string[]) =>
  [`POST ${path} HTTP/1.1`, HOST, 'Content-Type: application/json', ...WELL_FORMED, ...lines, '', ''].join(
    '\r\n',
  );

/** Sends one byte every so often; resolves with the status, and how long it took to come. */
async function dripped(begin: string, everyMs: number) {
  const began = performance.now();
  const answer = await rawRequest(server.url, (write) => {
    write(begin);
    const dripping = setInterval(() => write('x'), everyMs);
    return () => clearInterval(dripping);
  });
  return { status: answer.status, tookMs: performance.now() - began };
}

/** Started together and awaited last: each takes its whole time. */
const slow = {
  webhook: dripped(head('/webhooks/fal', 'Content-Length: 1000'), 1000),
  operation: dripped(head('/graphql', 'Content-Length: 1000'), 1000),
  headers: dripped(`POST /graphql HTTP/1.1\r\n${HOST}\r\nX-Drip: `, 500),
};
for (const answer of Object.values(slow)) answer.catch(() => undefined);

const resident = () => server.metric('process_resident_memory_bytes');

describe('a body of 200 MB', () => {
  /** Sends the whole body, even after an answer; resolves with the status. */
  function sent(path: string, isDeclared: boolean): Promise<number> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(Number(text.split(' ')[1])));
      socket.write(
        head(
          path,
          isDeclared ? `Content-Length: ${BODY_BYTES}` : 'Transfer-Encoding: chunked',
          'Connection: close',
        ),
      );
      let left = BODY_BYTES;
      const write = () => {
        while (left > 0) {
          left -= CHUNK.length;
          if (!isDeclared) socket.write(`${CHUNK.length.toString(16)}\r\n`);
          const goesOn = socket.write(CHUNK);
          if (!isDeclared) socket.write('\r\n');
          if (!goesOn) return void socket.once('drain', write);
        }
        socket.write(isDeclared ? '' : '0\r\n\r\n');
      };
      write();
    });
  }

  test.each(
    ['/graphql', '/webhooks/fal', `/webhooks/fal/${'0'.repeat(32)}`].flatMap((path) => [
      [path, true] as const,
      [path, false] as const,
    ]),
  )('is rejected by %s (length declared: %s), and costs no memory', async (path, isDeclared) => {
    const before = await resident();
    // The connection's reset may discard the answer; the client tries again.
    let status = Number.NaN;
    for (let tries = 0; tries < 10 && Number.isNaN(status); tries += 1) {
      status = await sent(path, isDeclared);
    }
    expect(status).toBe(413);
    expect((await resident()) - before).toBeLessThan(MAX_GROWTH_BYTES);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });
});

test('a webhook of two million chunks of one byte costs no memory', async () => {
  const before = await resident();
  const { status } = await rawRequest(server.url, (write) => {
    write(head('/webhooks/fal', 'Transfer-Encoding: chunked'));
    write('1\r\nx\r\n'.repeat(2_000_000));
    write('0\r\n\r\n');
    return () => undefined;
  });
  // A busy machine may take longer than a body may.
  expect([401, 408]).toContain(status);
  expect((await resident()) - before).toBeLessThan(MAX_GROWTH_BYTES);
});

describe('a request that comes a byte at a time is answered with 408', () => {
  test('as a webhook after 10 s', async () => {
    const { status, tookMs } = await slow.webhook;
    expect(status).toBe(408);
    expect(tookMs).toBeGreaterThan(WEBHOOK_MS - 100);
  });

  test('as headers after 15 s', async () => {
    const { status, tookMs } = await slow.headers;
    expect(status).toBe(408);
    expect(tookMs).toBeGreaterThan(HEADERS_MS - 100);
  });

  test('as an operation after 15 s', async () => {
    const { status, tookMs } = await slow.operation;
    expect(status).toBe(408);
    expect(tookMs).toBeGreaterThan(OPERATION_MS - 100);
  });

  test('and logs no error', async () => {
    expect(server.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});

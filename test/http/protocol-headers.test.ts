import { afterAll, describe, expect, test } from 'vitest';
import { connect } from 'node:net';
import { once } from 'node:events';
import { ownKeySet } from '../support/signed-webhooks.ts';
import { spots } from '../support/photos.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { startTestApp } from '../support/test-app.ts';

const keys = await ownKeySet();
const app = await startTestApp({
  env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET, FAL_JWKS_URL: keys.url },
});
afterAll(async () => {
  await app.close();
  keys.close();
});
const token = await tokenOf('ada');
const authorization = `Authorization: Bearer ${token}`;

const pathOf = (url = '') => new URL(url).pathname;

/** With a signature that is well formed and wrong. */
const signedHeaders = () => [
  'X-Fal-Webhook-Request-Id: request',
  'X-Fal-Webhook-User-Id: anybody',
  `X-Fal-Webhook-Timestamp: ${Math.floor(Date.now() / 1000)}`,
  `X-Fal-Webhook-Signature: ${'0'.repeat(128)}`,
];

/** Sends a head, sends the body when the server asks for it, and returns everything that the server has sent. */
async function talk(line: string, headers: readonly string[], body: string | Buffer = ''): Promise<string> {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += String(chunk);
    if (received === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(body);
  });
  const lines = [
    `${line} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.write([...lines, '', ''].join('\r\n'));
  await once(socket, 'close');
  return received;
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const EXPECT = 'Expect: 100-continue';
const query = JSON.stringify({ query: '{ avatars { totalCount } }' });
const graphql = ['Content-Type: application/json', EXPECT];
const photo = await (await spots(1)).jpeg().toBuffer();
const { id: avatarId } = await app.newAvatar({}, { token });
const [upload, other] = await app.photoUploads(
  avatarId,
  [
    { name: 'a.jpg', size: photo.length },
    { name: 'b.jpg', size: photo.length },
  ],
  { token },
);

describe('a client that waits before it sends the body', () => {
  test.each([
    ['an operation', 'POST /graphql', [...graphql, authorization], query, 200],
    ['a photo', `PUT ${pathOf(upload?.url)}`, [EXPECT], photo, 200],
    // Its signature is wrong, which takes the body to see.
    ['a webhook', 'POST /webhooks/fal', [EXPECT, ...signedHeaders()], '{}', 401],
  ])('sends %s that may be accepted', async (_what, line, headers, body, status) => {
    const received = await talk(line, headers, body);
    expect(received.slice(0, CONTINUE.length)).toBe(CONTINUE);
    expect(received.slice(CONTINUE.length)).toMatch(`HTTP/1.1 ${status} `);
  });

  test.each([
    ['an operation without a token', 'POST /graphql', graphql, query, 401],
    ['an operation with a wrong token', 'POST /graphql', [...graphql, 'Authorization: Bearer x'], query, 401],
    ['a large operation', 'POST /graphql', [...graphql, authorization], Buffer.alloc(1_100_000), 413],
    ['a photo without an upload', `PUT /photos/${'x'.repeat(43)}`, [EXPECT], photo, 404],
    ['a photo of another size', `PUT ${pathOf(other?.url)}`, [EXPECT], Buffer.alloc(1_100_000), 400],
    ['a webhook without a signature', 'POST /webhooks/fal', [EXPECT], '{}', 401],
    ['a large webhook', 'POST /webhooks/fal', [EXPECT, ...signedHeaders()], Buffer.alloc(5_000_001), 413],
    ['a body to another path', 'POST /nothing', [EXPECT], query, 404],
  ])('does not send %s', async (_what, line, headers, body, status) => {
    expect(await talk(line, headers, body)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('and expects something else gets 417', async () => {
    const received = await talk('POST /graphql', ['Expect: tea', authorization], query);
    expect(received).toMatch(/^HTTP\/1.1 417 [^]*\r\nx-content-type-options: nosniff[^]*100-continue/);
  });
});

describe('an upgrade to HTTP/2', () => {
  const UPGRADE = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];

  test.each([
    ['POST /graphql', [authorization, 'Content-Type: application/json'], query, '"totalCount":1'],
    ['GET /livez', [], '', '"alive"'],
  ])('is ignored, and the connection serves another %s', async (line, headers, body, answer) => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.setEncoding('latin1');
    const request = (connection: readonly string[]) => {
      const head = [`${line} HTTP/1.1`, 'Host: localhost', ...headers, `Content-Length: ${body.length}`];
      socket.write([...head, ...connection, '', body].join('\r\n'));
    };
    let received = '';
    socket.on('data', (chunk) => {
      received += String(chunk);
      if (received.split(answer).length === 2) request(['Connection: close']);
    });
    request(UPGRADE);
    await once(socket, 'close');
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    expect(received.split(answer)).toHaveLength(3);
  });
});

import { connect, type Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { aboutEnd, ownKeySet, post, signedWebhook } from '../support/signed-webhooks.ts';
import { heldTraining } from '../support/runs-at-fal.ts';
import { BODY_SHARES, VIEWER_BYTES } from '../../src/http/body-budget.ts';
import { MB } from '../../src/values/units.ts';
import { buffersUsed } from '../support/heap-used.ts';
import { eventually } from '../support/eventually.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { rawRequest } from '../support/raw-http.ts';

const keys = await ownKeySet();
const app = await startTestApp({ env: { ...NEVER_POLL, FAL_JWKS_URL: keys.url } });
const production = await startTestApp({
  env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET },
});
afterAll(async () => {
  await app.close();
  await production.close();
  keys.close();
});

/** All that a stranger needs to have a body read. */
function wellFormed(timestamp = Math.floor(Date.now() / 1000)): string[] {
  return [
    `X-Fal-Webhook-Request-Id: ${randomBytes(8).toString('hex')}`,
    'X-Fal-Webhook-User-Id: anybody',
    `X-Fal-Webhook-Timestamp: ${timestamp}`,
    `X-Fal-Webhook-Signature: ${'0'.repeat(128)}`,
  ];
}

type Held = { readonly socket: Socket; readonly answered: () => string };
let held: Held[] = [];
afterEach(() => {
  for (const { socket } of held) socket.destroy();
  held = [];
});

/** Sends a request but for its last byte, or its last `missing` bytes, and keeps the connection. */
function hold(url: string, path: string, headers: readonly string[], body: Buffer, missing = 1): Held {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)));
  socket.on('error', () => undefined);
  const length = `Content-Length: ${body.length + missing}`;
  const lines = [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', length];
  socket.write([...lines, ...headers, '', ''].join('\r\n'));
  socket.write(body);
  const one = { socket, answered: () => text };
  held.push(one);
  return one;
}

const LARGE = Buffer.alloc(4_900_000, 'x');
const LARGEST_OPERATION = Buffer.alloc(99_000, ' ');

/** Without headers that could be fal's, or a token, nothing of a body is read: the answer comes while it is held back. */
describe('a body is not even read', () => {
  const stale = Math.floor(Date.now() / 1000) - 301;
  test.each<[what: string, path: string, headers: readonly string[]]>([
    ['of a webhook without headers', '/webhooks/fal', []],
    ['of an old one at an address we did not make', `/webhooks/fal/${'0'.repeat(32)}`, wellFormed(stale)],
    ['of an old one at the bare address', '/webhooks/fal', wellFormed(stale)],
    ['of an operation without a token', '/graphql', []],
    ['of an operation with a bad token', '/graphql', ['Authorization: Bearer x']],
  ])('%s', async (_what, path, headers) => {
    const { answered } = hold(production.url, path, headers, Buffer.alloc(1000, 'x'));
    await eventually('the answer', () => answered().startsWith('HTTP/1.1 401 '));
  });

  test('of whoever asks for what is not there', async () => {
    for (const [path, status] of [
      ['/nothing', 404],
      ['/livez', 405],
      ['/metrics', 405],
      ['/webhooks/fal/x', 404],
    ] as const) {
      const { answered } = hold(production.url, path, [], Buffer.alloc(1000, 'x'));
      await eventually(path, () => answered().startsWith(`HTTP/1.1 ${status} `));
    }
  });
});

describe('a connection whose request was answered before its body had arrived', () => {
  const NOT_FOUND = /^HTTP\/1.1 404 /;
  test('ends soon, though more of the body arrives', async () => {
    const { socket, answered } = hold(production.url, '/nothing', [], Buffer.alloc(1000, 'x'), 1_000_000);
    const trickle = setInterval(() => socket.write('x'), 100);
    // Sooner than Node's limit of 30 s for a request.
    await eventually('the end', () => socket.closed, 20_000).finally(() => clearInterval(trickle));
    expect(answered()).toMatch(NOT_FOUND);
  });

  test('stays when the rest arrives in time', async () => {
    const { socket, answered } = hold(production.url, '/nothing', [], Buffer.alloc(1000, 'x'));
    await eventually('the answer', () => NOT_FOUND.test(answered()));
    socket.write('xGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually('the next answer', () => answered().includes('HTTP/1.1 200 '));
  });
});

describe('a body in chunks of one byte', () => {
  /** Sends a request, and collects the answer. */
  function sendInChunks(url: string, headers: readonly string[], body: string): () => string {
    const { hostname, port, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)));
    socket.on('error', () => undefined);
    const lines = [`POST ${pathname} HTTP/1.1`, 'Host: localhost', 'Transfer-Encoding: chunked'];
    socket.write([...lines, ...headers, '', ''].join('\r\n'));
    socket.write(`${body.replaceAll(/./gs, '1\r\n$&\r\n')}0\r\n\r\n`);
    held.push({ socket, answered: () => text });
    return () => text;
  }

  test('is read like any other: of an operation', async () => {
    const headers = ['Content-Type: application/json', `Authorization: Bearer ${await tokenOf('ada')}`];
    const body = JSON.stringify({ query: '{ __typename }' }).padEnd(LARGEST_OPERATION.length);
    const answered = sendInChunks(production.graphqlUrl, headers, body);
    await eventually('the answer', () => answered().endsWith('{"data":{"__typename":"Query"}}'));
  });

  test('is read like any other: of a webhook', async () => {
    const training = await heldTraining(app);
    const webhook = aboutEnd(training);
    const body = JSON.stringify(webhook.body).padEnd(100_000);
    const { url, headers } = signedWebhook({ ...webhook, body }, keys.signer);
    const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
    const answered = sendInChunks(url, lines, body);
    await eventually('the answer', () => answered() !== '');
    expect(answered()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await app.avatarNow(training.avatarId)).toMatchObject({ status: 'COMPLETED' });
  });
});

test('the body of a request for a stream is discarded while the stream is open', async () => {
  const { hostname, port, pathname } = new URL(app.graphqlUrl);
  const query = encodeURIComponent('subscription { avatarStatus { id } }');
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)));
  socket.on('error', () => undefined);
  held.push({ socket, answered: () => text });
  const lines = [`GET ${pathname}?query=${query} HTTP/1.1`, 'Host: localhost', 'Accept: text/event-stream'];
  socket.write([...lines, 'Content-Length: 50000000', '', ''].join('\r\n'));
  await eventually('the stream', () => text.startsWith('HTTP/1.1 200 '));
  // More than the system holds for both sides.
  socket.write(Buffer.alloc(30 * MB, 'x'));
  await eventually('the server to take all of it', () => socket.writableLength === 0);
  expect(socket.closed).toBe(false);
});

test('lengths that are only declared take no room', async () => {
  const ada = await tokenOf('ada');
  for (let index = 0; index < 50; index += 1) {
    hold(production.url, '/graphql', [`Authorization: Bearer ${ada}`], Buffer.alloc(1));
    const { socket } = hold(app.url, '/webhooks/fal', [...wellFormed(), 'X-Index: 1'], Buffer.alloc(1));
    socket.resume();
  }
  const large = { url: `${app.url}/webhooks/fal`, requestId: 'x', body: 'x'.repeat(4_000_000), userId: 'x' };
  expect(await post(signedWebhook({ ...large, signature: '0'.repeat(128) }, keys.signer))).toBe(401);
});

describe('when strangers hold back the ends of their bodies', () => {
  test('webhooks take no more memory than their share, further ones are refused, and genuine ones get through', async () => {
    const training = await heldTraining(app);
    const before = buffersUsed();
    // 294 MB, of which the server may hold sixteen.
    const all = Array.from({ length: 60 }, () => hold(app.url, '/webhooks/fal', wellFormed(), LARGE));

    const most = Math.floor(BODY_SHARES.webhook / LARGE.length);
    await eventually(
      'all but a few to be refused',
      () => all.filter(({ answered }) => answered() !== '').length >= all.length - most,
    );
    // The rest of the share, so that nothing fits any more.
    const rest = Buffer.alloc(100_000, 'x');
    for (let index = 0; index < 200; index += 1) hold(app.url, '/webhooks/fal', wellFormed(), rest);
    const medium = { url: `${app.url}/webhooks/fal`, requestId: 'x', body: 'x'.repeat(150_000) };
    await eventually(
      'nothing to fit',
      async () => (await post(signedWebhook({ ...medium, signature: '0'.repeat(128) }, keys.signer))) === 503,
    );
    for (const { answered } of all.filter((one) => one.answered() !== '')) {
      expect(answered()).toMatch(/^HTTP\/1\.1 503 /);
      expect(answered().toLowerCase()).toContain('\r\nretry-after: ');
    }
    // Also what the sockets of the strangers hold.
    await expect.poll(() => buffersUsed() - before).toBeLessThan(3 * BODY_SHARES.webhook);
    const refused = await rawRequest(app.url, (write) => {
      const head = ['POST /webhooks/fal HTTP/1.1', 'Host: x', `Content-Length: ${LARGE.length}`];
      write([...head, ...wellFormed(), '', ''].join('\r\n'));
      return () => undefined;
    });
    expect(refused.status).toBe(503);

    // As large as the junk that was just refused.
    const genuine = aboutEnd(training);
    const padded = `${JSON.stringify(genuine.body)}${' '.repeat(150_000)}`;
    expect(await post(signedWebhook({ ...genuine, body: padded }, keys.signer))).toBe(200);
    expect(await app.avatarNow(training.avatarId)).toMatchObject({ status: 'COMPLETED' });
  });

  test('what they took is given back when they are gone', async () => {
    const all = Array.from({ length: 5 }, () => hold(app.url, '/webhooks/fal', wellFormed(), LARGE));
    await eventually('one to be refused', () => all.some(({ answered }) => answered() !== ''));
    for (const { socket } of all) socket.destroy();
    const stranger = { url: `${app.url}/webhooks/fal`, requestId: 'x', body: 'x'.repeat(4_900_000) };
    await eventually('room', async () => {
      const request = signedWebhook({ ...stranger, signature: '0'.repeat(128) }, keys.signer);
      // A refusal may cut the connection before the client has sent all.
      return (await post(request).catch(() => null)) === 401;
    });
  });

  test('bodies without a declared length are counted as they come', async () => {
    const chunk = `${LARGE.length.toString(16)}\r\n${'x'.repeat(LARGE.length)}\r\n`;
    const sockets = Array.from({ length: 6 }, () => {
      const { hostname, port } = new URL(app.url);
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.setEncoding('latin1').on('data', (data) => (text += String(data)));
      socket.on('error', () => undefined);
      const head = ['POST /webhooks/fal HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked'];
      socket.write([...head, ...wellFormed(), '', chunk].join('\r\n'));
      held.push({ socket, answered: () => text });
      return { answered: () => text };
    });
    await eventually('one to be refused', () =>
      sockets.some(({ answered }) => answered().startsWith('HTTP/1.1 503 ')),
    );
  });

  test('one owner’s operations take no more than its part, and others are answered', async () => {
    const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')];
    const most = Math.floor(VIEWER_BYTES / LARGEST_OPERATION.length);
    const all = Array.from({ length: most + 20 }, () =>
      hold(production.url, '/graphql', [`Authorization: Bearer ${ada}`], LARGEST_OPERATION),
    );
    await eventually(
      'some to be refused',
      () => all.filter(({ answered }) => answered().startsWith('HTTP/1.1 503 ')).length >= 20,
    );
    expect(
      all
        .find((one) => one.answered() !== '')
        ?.answered()
        .toLowerCase(),
    ).toContain('\r\nretry-after: 1');
    const response = await fetch(production.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bob}` },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

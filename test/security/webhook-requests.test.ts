import { afterAll, describe, expect, test } from 'vitest';
import { aboutNothing, appWithOwnKeys, post, signedWebhook } from '../support/signed-webhooks.ts';
import { newSigner } from '../support/signing.ts';
import { rawCall, rawRequest } from '../support/raw-http.ts';

const MAX_BYTES = 5_000_000;

const { app, close, keys } = await appWithOwnKeys();
afterAll(close);

const WEBHOOKS = `${app.url}/webhooks/fal`;
const stranger = newSigner();

/** Headers of the right form, which is all that a stranger needs to have a body read. */
const WELL_FORMED = [
  'X-Fal-Webhook-Request-Id: 0',
  'X-Fal-Webhook-User-Id: our-account',
  `X-Fal-Webhook-Timestamp: ${Math.floor(Date.now() / 1000)}`,
  `X-Fal-Webhook-Signature: ${'0'.repeat(128)}`,
];

describe('a body', () => {
  test('of 5 MB is read, and one byte more is too much, declared or not', async () => {
    const fits = { ...aboutNothing(WEBHOOKS), body: 'x'.repeat(MAX_BYTES) };
    expect(await post(signedWebhook(fits, stranger))).toBe(401);
    const tooMuch = { ...aboutNothing(WEBHOOKS), body: 'x'.repeat(MAX_BYTES + 1) };
    expect(await post(signedWebhook(tooMuch, keys.signer))).toBe(413);

    const declared = await rawRequest(app.url, (write) => {
      const head = ['POST /webhooks/fal HTTP/1.1', 'Host: x', ...WELL_FORMED];
      write([...head, `Content-Length: ${MAX_BYTES + 1}`, '', ''].join('\r\n'));
      return () => undefined;
    });
    expect(declared.status).toBe(413);
    const undeclared = await rawRequest(app.url, (write) => {
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      const head = ['POST /webhooks/fal HTTP/1.1', 'Host: x', ...WELL_FORMED];
      write([...head, 'Transfer-Encoding: chunked', '', ''].join('\r\n'));
      for (let sent = 0; sent <= MAX_BYTES; sent += 0x10000) write(chunk);
      return () => undefined;
    });
    expect(undeclared.status).toBe(413);
    expect(await app.metric('likeness_webhooks_total', { outcome: 'too-large' })).toBeGreaterThan(0);
  });
});

test.each([
  ['a malformed signature', WEBHOOKS, 'X-Fal-Webhook-Signature: 0'],
  ['another account', WEBHOOKS, 'X-Fal-Webhook-User-Id: somebody-else'],
  ['a stale time', WEBHOOKS, 'X-Fal-Webhook-Timestamp: 1700000000'],
  ['a stale time at an invented URL', `${WEBHOOKS}/${'0'.repeat(32)}`, 'X-Fal-Webhook-Timestamp: 1700000000'],
])('%s is refused before the body arrives', async (_what, url, header) => {
  const [name] = header.split(':');
  const headers = [...WELL_FORMED.filter((line) => line.split(':')[0] !== name), header];
  const answer = await rawRequest(app.url, (write) => {
    const head = [`POST ${new URL(url).pathname} HTTP/1.1`, 'Host: x', ...headers, 'Content-Length: 100'];
    write([...head, '', ''].join('\r\n'));
    return () => undefined;
  });
  expect(answer.status).toBe(401);
});

describe('the address', () => {
  const paths = [
    '/webhooks/fal/',
    '/webhooks/fal//',
    `/webhooks/fal/${'0'.repeat(32)}/`,
    `/webhooks/fal/${'0'.repeat(33)}`,
    '/webhooks/fal/../fal',
    '/webhooks//fal',
    '//webhooks/fal',
    '/WEBHOOKS/FAL',
    '/webhooks/fal;x=1',
    '/webhooks/fal?token=1',
    '/webhooks/fal/%00',
    '/webhooks/fal/%ff%fe',
    '/webhooks/fal/%',
    `/webhooks/fal/${'a'.repeat(8000)}`,
    'http://elsewhere.example/webhooks/fal',
    '*',
  ];
  test.each(paths.map((path) => [path.slice(0, 50), path]))(
    'never redirects and never breaks: %s',
    async (_, path) => {
      const { status, head } = await rawCall(app.url, { path });

      expect([400, 401, 404]).toContain(status);
      expect(head.toLowerCase()).not.toContain('\r\nlocation:');
    },
  );

  // Whoever lets only this address through a proxy has let nothing else through.
  test.each([
    '/webhooks/fal/%2e%2e/%2e%2e/metrics',
    '/webhooks/fal/../../metrics',
    '/webhooks/fal\\..\\..\\metrics',
  ])('leads nowhere else: %s', async (path) => {
    const { status, body } = await rawCall(app.url, { path });

    expect([400, 401, 404]).toContain(status);
    expect(body).not.toContain('likeness_');
  });

  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('takes no %s', async (method) => {
    for (const path of ['/webhooks/fal', `/webhooks/fal/${'0'.repeat(32)}`]) {
      const { status, head } = await rawCall(app.url, { method, path });
      expect(status).toBe(405);
      expect(head.toLowerCase()).toContain('\r\nallow: post');
    }
  });
});

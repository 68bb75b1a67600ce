import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { avatarNow, errorFor, heldTraining, okFor, type HeldTraining } from '../story/held-runs.ts';
import { newAvatar, photos, settled, startTraining } from '../story/moves.ts';
import { newSigner } from '../fal/signing.ts';
import { NEVER_POLL, startTestApp } from '../support/test-app.ts';
import { ownKeySet, post, signedWebhook, type Webhook } from './signed-webhooks.ts';
import { randomBytes, randomUUID } from 'node:crypto';
import { rawCall, rawRequest } from './raw-http.ts';

const FLOOD = 500;
const MAX_BYTES = 5_000_000;

const keys = await ownKeySet();
const app = await startTestApp({
  env: { ...NEVER_POLL, FAL_ACCOUNT_ID: 'our-account', FAL_JWKS_URL: keys.url },
  simulator: { accountId: 'our-account' },
});
afterAll(async () => {
  await app.close();
  keys.close();
});

const WEBHOOKS = `${app.url}/webhooks/fal`;
const stranger = newSigner();

const deliver = (webhook: Webhook) => post(signedWebhook(webhook, keys.signer));

/** Sends many, a few at a time as a flood over a handful of connections would, and tells the statuses there were. */
async function flood(count: number, send: (index: number) => Promise<number>): Promise<Set<number>> {
  const statuses = new Set<number>();
  let next = 0;
  const sender = async () => {
    while (next < count) {
      next += 1;
      statuses.add(await send(next));
    }
  };
  await Promise.all(Array.from({ length: 20 }, sender));
  return statuses;
}

/** Begun first and looked at last: it takes the ten seconds that a body may take. */
const slowBody = rawRequest(app.url, (write) => {
  const head = [`POST ${new URL(WEBHOOKS).pathname}/${'0'.repeat(32)} HTTP/1.1`, 'Host: 127.0.0.1'];
  write([...head, 'Content-Length: 1000', '', ''].join('\r\n'));
  const dripping = setInterval(() => write('x'), 500);
  return () => clearInterval(dripping);
});
slowBody.catch(() => undefined);

// In this order, because from the first good key set on the keys are known.
describe('before any key is known', () => {
  test('a flood of junk makes no key be fetched', async () => {
    const statuses = await flood(FLOOD, async () => {
      const response = await fetch(WEBHOOKS, { method: 'POST', body: '{"junk":true}' });
      await response.arrayBuffer();
      return response.status;
    });

    expect(statuses).toEqual(new Set([401]));
    expect(keys.fetches()).toBe(0);
  });

  test('a key set of nothing but low-order keys is none: what fits every message is not believed', async () => {
    const held = await heldTraining(app);
    keys.serve(...LOW_ORDER_KEYS);

    expect(await deliver({ ...aboutEnd(held), signature: FITS_ALL })).toBe(503);
    expect(await avatarNow(app, held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
  });

  test('beside a good key a low-order one is left out', async () => {
    const held = await heldTraining(app);
    keys.serve(...LOW_ORDER_KEYS, keys.signer.x);
    // Keys are asked for again after a second while there are none.
    await expect.poll(() => deliver(aboutNothing()), { timeout: 5000 }).toBe(404);

    expect(await deliver({ ...aboutEnd(held), signature: FITS_ALL })).toBe(401);
    expect(await avatarNow(app, held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
    expect(await deliver(aboutEnd(held))).toBe(200);
  });
});

test('five hundred unknown signatures make the keys be fetched once at most', async () => {
  const before = keys.fetches();

  const statuses = await flood(FLOOD, () => post(signedWebhook(aboutNothing(), stranger)));

  expect(statuses).toEqual(new Set([401]));
  expect(keys.fetches() - before).toBeLessThanOrEqual(1);
});

describe('fifty at once', () => {
  test('identical ones have one effect and tell it once', async () => {
    const held = await heldTraining(app);
    const { version } = await avatarNow(app, held.avatarId);
    const watch = app.avatarStatus({ avatarId: held.avatarId, afterVersion: version });
    const request = signedWebhook(aboutEnd(held), keys.signer);

    const statuses = await Promise.all(Array.from({ length: 50 }, () => post(request)));

    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await watch.until(({ status }) => status === 'COMPLETED')).toMatchObject({ version: version + 1 });
    expect(await avatarNow(app, held.avatarId)).toMatchObject({ version: version + 1 });
    expect(watch.seen).toHaveLength(1);
    await watch.stop();
  });

  test('forged, crossed, foreign and stale ones change nothing, and the genuine one among them counts', async () => {
    const [one, other] = [await heldTraining(app), await heldTraining(app)];
    const before = await avatarNow(app, other.avatarId);
    const bad = [
      signedWebhook(aboutEnd(one), stranger),
      signedWebhook({ ...aboutEnd(one), url: other.callbackUrl }, keys.signer),
      signedWebhook({ ...aboutEnd(one), userId: 'somebody-else' }, keys.signer),
      signedWebhook({ ...aboutEnd(one), requestId: other.requestId }, keys.signer),
      signedWebhook({ ...aboutEnd(one), body: errorFor(one.requestId), shiftSeconds: 400 }, keys.signer),
    ];

    const statuses = await Promise.all(Array.from({ length: 10 }, () => bad.map(post)).flat());
    expect(statuses.filter((status) => status !== 401 && status !== 404)).toEqual([]);
    for (const { avatarId } of [one, other])
      expect(await avatarNow(app, avatarId)).toMatchObject({ isReady: false, error: null });

    expect(await deliver(aboutEnd(one))).toBe(200);
    expect(await avatarNow(app, one.avatarId)).toMatchObject({ status: 'COMPLETED' });
    expect(await avatarNow(app, other.avatarId)).toMatchObject({ status: before.status });
  });
});

test('what is signed cannot be changed afterwards: not the account, the time, the run or a byte', async () => {
  const held = await heldTraining(app);
  const changes: [header: string, value: string][] = [
    ['x-fal-webhook-request-id', randomUUID()],
    ['x-fal-webhook-timestamp', String(Math.floor(Date.now() / 1000) + 7)],
    ['x-fal-webhook-signature', '0'.repeat(128)],
  ];
  for (const [header, value] of changes) {
    const request = signedWebhook(aboutEnd(held), keys.signer);
    request.headers.set(header, value);
    expect(await post(request)).toBe(401);
  }
  const foreign = signedWebhook({ ...aboutEnd(held), userId: 'somebody-else' }, keys.signer);
  foreign.headers.set('x-fal-webhook-user-id', 'our-account');
  expect(await post(foreign)).toBe(401);
  const genuine = signedWebhook(aboutEnd(held), keys.signer);
  const longer = new Request(genuine.clone(), { body: `${await genuine.text()} ` });
  expect(await post(longer)).toBe(401);
  expect(await avatarNow(app, held.avatarId)).toMatchObject({ isReady: false });
});

test('an old message is not applied: forged it does nothing, genuine it makes fal be asked', async () => {
  const { id } = await newAvatar(app);
  const { falRequestId } = await startTraining(app, { avatarId: id, imagesUrl: photos('silent') });
  if (falRequestId === null) throw new Error('The training is not at fal');
  // It lies: the run succeeds, and what counts is what fal says when it is asked.
  const lie = { url: WEBHOOKS, requestId: falRequestId, body: errorFor(falRequestId), shiftSeconds: -301 };

  expect(await post(signedWebhook(lie, stranger))).toBe(401);
  expect(await avatarNow(app, id)).toMatchObject({ status: 'QUEUED', error: null });
  await expect
    .poll(
      async () => {
        expect(await deliver(lie)).toBe(401);
        return (await avatarNow(app, id)).status;
      },
      { timeout: 8000, interval: 100 },
    )
    .toBe('COMPLETED');
  expect(await settled(app, id)).toMatchObject({ isReady: true, error: null });
});

describe('a body', () => {
  test('of 5 MB is read, and one byte more is too much, declared or not', async () => {
    const fits = { ...aboutNothing(), body: 'x'.repeat(MAX_BYTES) };
    expect(await post(signedWebhook(fits, stranger))).toBe(401);
    const tooMuch = { ...aboutNothing(), body: 'x'.repeat(MAX_BYTES + 1) };
    expect(await post(signedWebhook(tooMuch, keys.signer))).toBe(413);

    const declared = await rawRequest(app.url, (write) => {
      write(`POST /webhooks/fal HTTP/1.1\r\nHost: x\r\nContent-Length: ${MAX_BYTES + 1}\r\n\r\n`);
      return () => undefined;
    });
    expect(declared.status).toBe(413);
    const undeclared = await rawRequest(app.url, (write) => {
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      write('POST /webhooks/fal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let sent = 0; sent <= MAX_BYTES; sent += 0x10000) write(chunk);
      return () => undefined;
    });
    expect(undeclared.status).toBe(413);
  });
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

describe('a signed body that is odd', () => {
  let held: HeldTraining;
  beforeAll(async () => {
    app.log.expectError('fal sent a webhook that cannot be read');
    held = await heldTraining(app);
  });

  const DEEP = 100_000;
  const anywhere: [what: string, body: string | Uint8Array][] = [
    ['nothing', ''],
    ['NUL', '\0'],
    ['a NUL inside', '{"request_id":"a\0b"}'],
    ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['UTF-16', Buffer.from('{"request_id":"x"}', 'utf16le')],
    ['a byte order mark alone', Buffer.from([0xef, 0xbb, 0xbf])],
    ['arrays 100,000 deep', '['.repeat(DEEP) + ']'.repeat(DEEP)],
    ['arrays that never close', '['.repeat(DEEP)],
    ['objects that never close', '{"a":'.repeat(DEEP)],
    ['a number alone', '1e999999'],
    ['two values', '{}{}'],
    ['a comment', '{/**/}'],
    ['a trailing comma', '{"request_id":"x",}'],
    ['NaN', '[NaN]'],
    ['a lone surrogate', '"\\ud800"'],
    ['null', 'null'],
    ['a text', '"OK"'],
    ['the wrong types', '{"request_id":{},"status":[],"payload":1}'],
    ['a prototype', '{"__proto__":{"request_id":"x","status":"OK"},"constructor":{"prototype":1}}'],
    ['megabytes of spaces', ' '.repeat(4_000_000)],
  ];
  test.each(anywhere)('is taken and put aside: %s', async (_what, body) => {
    expect(await deliver({ url: held.callbackUrl, requestId: held.requestId, body })).toBe(200);
    expect(await avatarNow(app, held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
    expect((await fetch(`${app.url}/livez`)).status).toBe(200);
  });

  const ofARun: [what: string, payload: string][] = [
    ['a payload 100,000 deep', `{"a":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
    ['objects 100,000 deep', `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`],
    ['a payload 1,000 deep', `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    ['numbers beyond all bounds', '{"a":1e400,"b":-1e400,"c":1e-400,"d":123456789012345678901234567890}'],
    ['NUL in names and values', '{"a\\u0000":"\\u0000"}'],
    ['lone surrogates', '{"\\ud800":"\\udfff"}'],
    ['the same field 10,000 times', `{${'"a":1,'.repeat(10_000)}"a":2}`],
    ['50,000 fields', `{${Array.from({ length: 50_000 }, (_, index) => `"f${index}":0`).join(',')}}`],
    ['a prototype', '{"__proto__":{"polluted":true}}'],
  ];
  test.each(ofARun)('about a run of ours is never a fault of ours: %s', async (_what, payload) => {
    const run = await heldTraining(app);
    const body = `{"request_id":"${run.requestId}","status":"OK","payload":${payload}}`;

    const status = await deliver({ url: run.callbackUrl, requestId: run.requestId, body });

    // Signed by fal and about our run, it has to be kept: refused it would come again for hours.
    expect(status).toBe(200);
    expect(await avatarNow(app, run.avatarId)).toMatchObject({ isReady: false });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each(['../../..', '..%2f..', 'a/b', 'a b', 'a\nb', '-x', '', 'x'.repeat(129)])(
    'names no run that could be a path: %j',
    async (requestId) => {
      const submits = app.simulator.requests().length;
      const body = { ...okFor(held.requestId), request_id: requestId, gateway_request_id: held.requestId };
      const status = await deliver({ url: held.callbackUrl, requestId: held.requestId, body });

      expect(status).toBe(200);
      expect(await avatarNow(app, held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
      expect(app.simulator.requests()).toHaveLength(submits);
    },
  );

  test('begins with a byte order mark and counts all the same', async () => {
    const run = await heldTraining(app);
    const body = `\ufeff${JSON.stringify(okFor(run.requestId))}`;
    expect(await deliver({ url: run.callbackUrl, requestId: run.requestId, body })).toBe(200);
  });
});

test('a body that comes a byte at a time is ended after ten seconds, and holds nobody up', async () => {
  expect((await slowBody).status).toBe(408);
});

function aboutEnd({ callbackUrl, requestId }: HeldTraining): Webhook {
  return { url: callbackUrl, requestId, body: okFor(requestId) };
}

function aboutNothing(): Webhook {
  const requestId = randomUUID();
  return { url: `${WEBHOOKS}/${randomBytes(16).toString('hex')}`, requestId, body: okFor(requestId) };
}

/** The neutral element and its other spelling, zero, and a point of order eight. */
const LOW_ORDER_KEYS = [
  `01${'00'.repeat(31)}`,
  `01${'00'.repeat(30)}80`,
  '00'.repeat(32),
  `ee${'ff'.repeat(30)}7f`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex').toString('base64url'));

/** Under the neutral element as key, verification holds for every message. */
const FITS_ALL = `01${'00'.repeat(63)}`;

import { afterAll, describe, expect, test } from 'vitest';
import {
  aboutEnd,
  aboutNothing,
  appWithOwnKeys,
  post,
  signedWebhook,
  type SignedWebhook,
} from '../support/signed-webhooks.ts';
import { errorFor, heldTraining, type HeldTraining } from '../support/runs-at-fal.ts';
import { eventually } from '../support/eventually.ts';
import { newSigner } from '../support/signing.ts';
import { photos } from '../support/api-client.ts';
import { randomBytes, randomUUID } from 'node:crypto';

const FLOOD = 200;

const { app, close, deliver, keys } = await appWithOwnKeys();
afterAll(close);

const WEBHOOKS = `${app.url}/webhooks/fal`;
const stranger = newSigner();

/** Sends many webhooks over twenty connections and returns the distinct statuses. */
async function flood(send: () => Promise<number>): Promise<Set<number>> {
  const statuses = new Set<number>();
  let left = FLOOD;
  const sender = async () => {
    while (left-- > 0) statuses.add(await send());
  };
  await Promise.all(Array.from({ length: 20 }, sender));
  return statuses;
}

/** A training without webhooks of its own, and the address for one. */
async function silentTraining(): Promise<HeldTraining> {
  const { id: avatarId } = await app.newAvatar();
  await app.startTraining({ avatarId, imagesUrl: photos('silent') });
  return { avatarId, ...app.lastRun() };
}

// In this order: after the first good key set the keys are known.
describe('before any key is known', () => {
  test('a flood of junk fetches no keys', async () => {
    const statuses = await flood(async () => {
      const response = await fetch(WEBHOOKS, { method: 'POST', body: '{"junk":true}' });
      await response.arrayBuffer();
      return response.status;
    });

    expect(statuses).toEqual(new Set([401]));
    expect(keys.fetches()).toBe(0);
  });

  test('a key set of low-order keys alone is none: the webhook is answered 503', async () => {
    const held = await heldTraining(app);
    keys.serve(...LOW_ORDER_KEYS);

    expect(await deliver({ ...aboutEnd(held), signature: FITS_ALL })).toBe(503);
    expect(await app.avatarNow(held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
  });

  test('a low-order key beside a good one is left out, and the good one counts', async () => {
    const held = await heldTraining(app);
    keys.serve(...LOW_ORDER_KEYS, keys.signer.x);
    // While there are no keys they are fetched again after a second.
    await eventually('the keys', async () => (await deliver(aboutNothing(WEBHOOKS))) === 404);

    expect(await deliver({ ...aboutEnd(held), signature: FITS_ALL })).toBe(401);
    expect(await app.avatarNow(held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
    expect(await deliver(aboutEnd(held))).toBe(200);
  });
});

test('a flood of unknown signatures fetches the keys once at most', async () => {
  const before = keys.fetches();

  const statuses = await flood(() => post(signedWebhook(aboutNothing(WEBHOOKS), stranger)));

  expect(statuses).toEqual(new Set([401]));
  expect(keys.fetches() - before).toBeLessThanOrEqual(1);
});

/** A genuine webhook with one header changed after it was signed. */
function changed(held: HeldTraining, header: string, value: string): SignedWebhook {
  const request = signedWebhook(aboutEnd(held), keys.signer);
  request.headers.set(header, value);
  return request;
}

/** What nobody signed, or not so, not now, not for us, or not about that run. `other` is another open run. */
const REFUSED: [
  what: string,
  status: number,
  make: (held: HeldTraining, other: HeldTraining) => SignedWebhook,
][] = [
  ['signed with another key', 401, (held) => signedWebhook(aboutEnd(held), stranger)],
  [
    'signed for another account',
    401,
    (held) => signedWebhook({ ...aboutEnd(held), userId: 'somebody-else' }, keys.signer),
  ],
  ...[-600, -301, 310].map((shiftSeconds): (typeof REFUSED)[number] => [
    `signed ${shiftSeconds} seconds from now`,
    401,
    (held) => signedWebhook({ ...aboutEnd(held), shiftSeconds }, keys.signer),
  ]),
  ['with its run changed', 401, (held) => changed(held, 'x-fal-webhook-request-id', randomUUID())],
  [
    'with its time changed',
    401,
    (held) => changed(held, 'x-fal-webhook-timestamp', String(Math.floor(Date.now() / 1000) + 7)),
  ],
  [
    'of another account, with its account changed to ours',
    401,
    (held) => {
      const foreign = signedWebhook({ ...aboutEnd(held), userId: 'somebody-else' }, keys.signer);
      foreign.headers.set('x-fal-webhook-user-id', 'our-account');
      return foreign;
    },
  ],
  ['with its signature changed', 401, (held) => changed(held, 'x-fal-webhook-signature', '0'.repeat(128))],
  [
    'with a byte added',
    401,
    (held) => {
      const genuine = signedWebhook(aboutEnd(held), keys.signer);
      return { ...genuine, body: Buffer.concat([genuine.body, Buffer.from(' ')]) };
    },
  ],
  [
    'at the address of another run',
    404,
    (held, { url }) => signedWebhook({ ...aboutEnd(held), url }, keys.signer),
  ],
  ...['its address', 'a made-up address', 'the bare address'].map((where): (typeof REFUSED)[number] => [
    `of an unknown run at ${where}`,
    404,
    ({ url: own }) => {
      const made = `${WEBHOOKS}/${randomBytes(16).toString('hex')}`;
      const url = { 'its address': own, 'a made-up address': made }[where] ?? WEBHOOKS;
      return signedWebhook({ ...aboutNothing(WEBHOOKS), url }, keys.signer);
    },
  ]),
  [
    'with one run in its headers and another in its body',
    404,
    (held) => signedWebhook({ ...aboutEnd(held), requestId: randomUUID() }, keys.signer),
  ],
];

test.each(REFUSED)('a webhook %s is answered %i and changes nothing', async (_what, status, make) => {
  const [held, other] = [await heldTraining(app), await heldTraining(app)];
  expect(await post(make(held, other))).toBe(status);
  for (const { avatarId } of [held, other])
    expect(await app.avatarNow(avatarId)).toMatchObject({ status: 'QUEUED', isReady: false, error: null });
});

test('sixty refused ones at once change nothing, and the genuine one among them counts', async () => {
  const [held, other] = [await heldTraining(app), await heldTraining(app)];
  const bad = Array.from({ length: 4 }, () => REFUSED.map(([, , make]) => post(make(held, other)))).flat();
  const [genuine, ...refused] = await Promise.all([deliver(aboutEnd(held)), ...bad]);

  expect(genuine).toBe(200);
  expect(refused.filter((status) => status !== 401 && status !== 404)).toEqual([]);
  expect(await app.avatarNow(held.avatarId)).toMatchObject({ status: 'COMPLETED', isReady: true });
  expect(await app.avatarNow(other.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
});

test('a known run is found by its request id alone, at the bare address', async () => {
  const held = await heldTraining(app);
  expect(await deliver({ ...aboutEnd(held), url: WEBHOOKS })).toBe(200);
  expect(await app.avatarNow(held.avatarId)).toMatchObject({ status: 'COMPLETED' });
});

test('a stale webhook makes the server poll fal, whose answer counts, and a forged one does not', async () => {
  const other = await silentTraining();
  const { avatarId, requestId, url } = await silentTraining();
  // The webhook says that the run failed; fal says that it succeeded.
  const stale = { url, requestId, body: errorFor(requestId), shiftSeconds: -301 };
  const forged = { ...stale, url: other.url, requestId: other.requestId };

  await eventually('the end of the training', async () => {
    expect(await post(signedWebhook(forged, stranger))).toBe(401);
    expect(await deliver(stale)).toBe(401);
    const { status, error } = await app.avatarNow(avatarId);
    expect(error).toBeNull();
    return status === 'COMPLETED';
  });
  // Its run ended earlier.
  expect(await app.avatarNow(other.avatarId)).toMatchObject({ isReady: false });
});

test('a webhook that is not JSON is taken, and makes the server poll fal', async () => {
  app.log.expectError('webhook unreadable');
  const { avatarId, requestId, url } = await silentTraining();

  await eventually('the end of the training', async () => {
    expect(await deliver({ url, requestId, body: `junk ${randomUUID()}` })).toBe(200);
    return (await app.avatarNow(avatarId)).status === 'COMPLETED';
  });
});

test.each(['bad-signature', 'other-account', 'stale', 'unknown-job', 'mismatch', 'no-keys'])(
  'refusals are counted by their reason: %s',
  async (outcome) => {
    expect(await app.metric('likeness_webhooks_total', { outcome })).toBeGreaterThan(0);
  },
);

/** The neutral element and its other spelling, zero, and a point of order eight. */
const LOW_ORDER_KEYS = [
  `01${'00'.repeat(31)}`,
  `01${'00'.repeat(30)}80`,
  '00'.repeat(32),
  `ee${'ff'.repeat(30)}7f`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex').toString('base64url'));

/** Under the neutral element as key, this signature verifies for every message. */
const FITS_ALL = `01${'00'.repeat(63)}`;

import { afterAll, describe, expect, test } from 'vitest';
import { aboutEnd, aboutNothing, appWithOwnKeys, post, signedWebhook } from '../support/signed-webhooks.ts';
import { avatarNow, errorFor, heldTraining } from '../support/held-runs.ts';
import { lastSubmit, newAvatar, photos, settled, startTraining } from '../support/api-steps.ts';
import { newSigner } from '../support/signing.ts';
import { randomUUID } from 'node:crypto';

const FLOOD = 500;

const { app, close, deliver, keys } = await appWithOwnKeys();
afterAll(close);

const WEBHOOKS = `${app.url}/webhooks/fal`;
const stranger = newSigner();

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

// In this order, because from the first good key set on the keys are known.
describe('before any key is known', { timeout: 60_000 }, () => {
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
    await expect.poll(() => deliver(aboutNothing(WEBHOOKS)), { timeout: 5000 }).toBe(404);

    expect(await deliver({ ...aboutEnd(held), signature: FITS_ALL })).toBe(401);
    expect(await avatarNow(app, held.avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
    expect(await deliver(aboutEnd(held))).toBe(200);
  });
});

test(
  'five hundred unknown signatures make the keys be fetched once at most',
  { timeout: 60_000 },
  async () => {
    const before = keys.fetches();

    const statuses = await flood(FLOOD, () => post(signedWebhook(aboutNothing(WEBHOOKS), stranger)));

    expect(statuses).toEqual(new Set([401]));
    expect(keys.fetches() - before).toBeLessThanOrEqual(1);
  },
);

describe('fifty at once', { timeout: 60_000 }, () => {
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
  const { webhookUrl } = lastSubmit(app);
  if (webhookUrl === null) throw new Error('fal was given no callback URL');
  const lie = { url: webhookUrl, requestId: falRequestId, body: errorFor(falRequestId), shiftSeconds: -301 };

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

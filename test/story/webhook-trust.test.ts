import { afterAll, expect, test } from 'vitest';
import { avatarNow, errorFor, heldTraining, okFor, type HeldTraining } from '../support/held-runs.ts';
import { eventually } from '../support/eventually.ts';
import { newAvatar, photos, settled, startTraining, train } from '../support/api-steps.ts';
import { NEVER_POLL, startTestApp } from '../support/test-app.ts';
import { randomBytes, randomUUID } from 'node:crypto';

const app = await startTestApp({
  env: { ...NEVER_POLL, FAL_ACCOUNT_ID: 'our-account' },
  simulator: { accountId: 'our-account' },
});
afterAll(() => app.close());

const WEBHOOKS = `${app.url}/webhooks/fal`;

/** Delivers what no one should believe and proves that it left no trace. */
async function leavesNoTrace(
  held: HeldTraining,
  deliver: () => Promise<number | null>,
): Promise<number | null> {
  const before = await avatarNow(app, held.avatarId);
  const status = await deliver();
  expect(await avatarNow(app, held.avatarId)).toEqual(before);
  return status;
}

// First, because from the first webhook on the keys are known.
test('while fal’s keys cannot be had a webhook is answered 503, and believed when it is repeated', async () => {
  app.simulator.program({ scenario: 'jwks-down', times: 1 });
  const { id } = await newAvatar(app);

  const done = await train(app, { avatarId: id });

  expect(done.status).toBe('COMPLETED');
  const statuses = () => app.simulator.deliveries().map(({ status }) => status);
  await eventually('the repeat to be answered', () => (statuses().at(-1) === 200 ? true : null));
  expect(statuses()[0]).toBe(503);
});

test('a forged webhook is answered 401 and changes nothing; the genuine one after it counts', async () => {
  const { id } = await newAvatar(app);
  await startTraining(app, { avatarId: id, imagesUrl: photos('forged') });

  const done = await settled(app, id);

  expect(done.status).toBe('COMPLETED');
  const about = app.simulator.deliveries().filter(({ requestId }) => requestId === done.falRequestId);
  expect(about[0]).toMatchObject({ label: 'forged', status: 401 });
});

test('a webhook signed for another account of fal is answered 401 and changes nothing', async () => {
  const held = await heldTraining(app);
  const { requestId, callbackUrl: url } = held;

  const status = await leavesNoTrace(held, () =>
    app.simulator.deliver({ url, requestId, body: okFor(requestId), user: 'other' }),
  );

  expect(status).toBe(401);
});

test.each([-301, 310, -600])(
  'a webhook signed %i seconds from now is answered 401 and not applied',
  async (shift) => {
    const { avatarId, requestId, callbackUrl: url } = await heldTraining(app);

    const message = { url, requestId, body: okFor(requestId), timestampShiftSeconds: shift };

    expect(await app.simulator.deliver(message)).toBe(401);
    // The run is looked at because of it, which may bring its place in the queue; its end it does not bring.
    expect(await avatarNow(app, avatarId)).toMatchObject({ status: 'QUEUED', isReady: false });
  },
);

test('a genuine webhook that is too old makes fal be asked instead', async () => {
  const { id } = await newAvatar(app);

  const done = await train(app, { avatarId: id, imagesUrl: photos('stale') });

  expect(done).toMatchObject({ status: 'COMPLETED', isReady: true });
});

test('a genuine webhook that is no JSON is taken, and fal is asked instead', async () => {
  app.log.expectError('webhook unreadable');
  const { id } = await newAvatar(app);

  const done = await train(app, { avatarId: id, imagesUrl: photos('junk-body') });

  expect(done).toMatchObject({ status: 'COMPLETED', isReady: true });
  const about = app.simulator.deliveries().filter(({ requestId }) => requestId === done.falRequestId);
  expect(about.map(({ status }) => status)).toEqual([200]);
});

test('a run’s message at another run’s address is answered 404 and moves neither', async () => {
  const [one, other] = [await heldTraining(app), await heldTraining(app)];

  const status = await leavesNoTrace(one, () =>
    leavesNoTrace(other, () =>
      app.simulator.deliver({
        url: other.callbackUrl,
        requestId: one.requestId,
        body: okFor(one.requestId),
      }),
    ),
  );

  expect(status).toBe(404);
});

test('a message about a run we never started is answered 404, even at the address of one we did', async () => {
  const held = await heldTraining(app);
  const requestId = randomUUID();
  const addresses = [held.callbackUrl, `${WEBHOOKS}/${randomBytes(16).toString('hex')}`, WEBHOOKS];

  for (const url of addresses) {
    const status = await leavesNoTrace(held, () =>
      app.simulator.deliver({ url, requestId, body: okFor(requestId) }),
    );
    expect(status).toBe(404);
  }
});

test('a message that names one run in its headers and another in its body is answered 404', async () => {
  const held = await heldTraining(app);

  const status = await leavesNoTrace(held, () =>
    app.simulator.deliver({
      url: held.callbackUrl,
      requestId: randomUUID(),
      body: errorFor(held.requestId),
    }),
  );

  expect(status).toBe(404);
});

test('a run we know is found by its request id alone, at the old address without a token', async () => {
  const { avatarId, requestId } = await heldTraining(app);

  const status = await app.simulator.deliver({ url: WEBHOOKS, requestId, body: okFor(requestId) });

  expect(status).toBe(200);
  expect(await avatarNow(app, avatarId)).toMatchObject({ status: 'COMPLETED' });
});

test('what is no webhook is refused by its form: 401, 404, 405 and 413, and never a redirect', async () => {
  const held = await heldTraining(app);
  const post = async (url: string, body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
    return response.status;
  };
  const body = JSON.stringify(okFor(held.requestId));
  const headers = {
    'x-fal-webhook-request-id': held.requestId,
    'x-fal-webhook-user-id': 'our-account',
    'x-fal-webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'x-fal-webhook-signature': '0'.repeat(128),
  };

  await leavesNoTrace(held, async () => {
    expect(await post(held.callbackUrl, body)).toBe(401);
    expect(await post(held.callbackUrl, body, headers)).toBe(401);
    for (const name of Object.keys(headers)) {
      expect(await post(held.callbackUrl, body, { ...headers, [name]: 'ü?,'.slice(1) })).toBe(401);
    }
    expect(await post(`${WEBHOOKS}/somewhere`, body)).toBe(404);
    expect(await post(`${held.callbackUrl}/`, body)).toBe(404);
    expect(await post(held.callbackUrl, 'x'.repeat(5_000_001))).toBe(413);
    const get = await fetch(held.callbackUrl, { redirect: 'manual' });
    expect(get.status).toBe(405);
    expect(get.headers.get('allow')).toBe('POST');
    return null;
  });
});

test('every refusal is counted by its reason', async () => {
  const count = (outcome: string) => app.metric('likeness_webhooks_total', { outcome });

  const missing = await eventually('all the counts', async () => {
    const outcomes = [
      'bad-signature',
      'other-account',
      'stale',
      'unknown-job',
      'mismatch',
      'no-keys',
      'too-large',
    ];
    const counts = await Promise.all(outcomes.map(count));
    return outcomes.filter((_, index) => counts[index] === 0);
  });

  expect(missing).toEqual([]);
});

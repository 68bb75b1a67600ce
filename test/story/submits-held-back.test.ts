import { afterEach, expect, test, vi } from 'vitest';
import {
  CreateAvatarDocument,
  GenerateImageDocument,
  StartTrainingDocument,
  StartTrainingUnlessHeldBackDocument,
} from '../../src/generated/contract/graphql.ts';
import { eventually } from '../support/eventually.ts';
import { letPass } from '../support/breaker-fixture.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const OPENED = 'circuit breaker open: fal refuses our key or account';

let app: TestApp;
afterEach(async () => {
  vi.useRealTimers();
  await app.close();
});

/** Stops the server's clock of pauses, so that a pause lasts until the test moves it. */
function stopPauses(): void {
  vi.useFakeTimers({ toFake: ['performance'] });
}

async function tryToTrain(avatarId: string, imagesUrl = photos()) {
  const result = await app.mutate(StartTrainingDocument, { avatarId, imagesUrl });
  return 'code' in result ? result : null;
}

async function refusalOf(avatarId: string, { imagesUrl = photos(), idempotencyKey = '' } = {}) {
  const result = await app.mutate(StartTrainingUnlessHeldBackDocument, {
    avatarId,
    imagesUrl,
    idempotencyKey: idempotencyKey || null,
  });
  if (result.__typename !== 'ProviderUnavailableError') throw new Error(result.__typename);
  return result;
}

function secondsUntil(retryAt: unknown): number {
  return (Date.parse(String(retryAt)) - Date.now()) / 1000;
}

function heldBackFor(wait: string): string {
  return `No runs can be started at the moment. Try again in ${wait}. Nothing was started.`;
}

test.each([
  ['does not accept the key', 'submit-401', 'Authentication is required', 'KEY_REFUSED'],
  ['has no credit left for us', 'submit-403-balance', 'Exhausted balance', 'BALANCE_EXHAUSTED'],
] as const)(
  'when fal %s the breaker holds every submit back, over a restart too, until a probe succeeds',
  async (_what, scenario, words, reason) => {
    app = await startTestApp({ isProxied: true });
    app.log.expectError(OPENED);
    const trained = await app.trainedAvatar();
    const { id } = await app.newAvatar();
    const before = await app.avatarNow(id);

    const first = await tryToTrain(id, photos(scenario));
    expect(first).toMatchObject({ code: 'PROVIDER_REJECTED' });
    expect(first?.message).toContain(words);
    const submits = app.simulator.requests().length;

    for (const refusal of [await tryToTrain(id), await tryToTrain(trained.id)]) {
      expect(refusal).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', message: heldBackFor('1 minute') });
    }
    const input = { avatarId: trained.id, prompt: 'tea' };
    const generateImage = await app.mutate(GenerateImageDocument, input);
    expect(generateImage).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(app.simulator.requests()).toHaveLength(submits);
    expect(await app.avatarNow(id)).toEqual(before);
    expect(await app.avatarNow(trained.id)).toEqual(trained);
    expect(app.log.lines.filter((line) => line['reason'] === reason)).toMatchObject([{ level: 'error' }]);
    // What needs no submit goes on.
    const wish = { name: 'Eve', trainingType: 'STYLE' } as const;
    const createAvatar = await app.mutate(CreateAvatarDocument, wish);
    expect(createAvatar).toHaveProperty('avatar');

    const refusal = await refusalOf(id);
    expect(refusal).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', reason });
    expect(secondsUntil(refusal.retryAt)).toBeGreaterThan(30);
    expect(secondsUntil(refusal.retryAt)).toBeLessThanOrEqual(60);
    // fal's words are the operator's.
    expect(refusal.message).not.toContain(words);

    expect(await app.metric('likeness_submits_stopped')).toBe(1);
    // The first probe is refused, the second one is accepted.
    await app.restart(letPass(60_000));
    expect(await tryToTrain(id, photos(scenario))).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: heldBackFor('2 minutes'),
    });
    expect(app.simulator.requests()).toHaveLength(submits + 1);
    expect(await tryToTrain(id)).toMatchObject({ message: heldBackFor('2 minutes') });

    await app.restart(letPass(120_000));
    const submit = app.fal.holdRequests();
    const probe = tryToTrain(id);
    await submit.reached(1);
    expect(await tryToTrain(trained.id)).toMatchObject({ message: heldBackFor('1 minute') });
    submit.release();
    expect(await probe).toBeNull();
    expect(await app.settled(id)).toMatchObject({ status: 'COMPLETED' });
    expect(await app.metric('likeness_submits_stopped')).toBe(0);
    expect(await tryToTrain(trained.id)).toBeNull();
    expect(app.simulator.requests()).toHaveLength(submits + 3);
  },
);

test('when fal is too busy it is left alone for as long as it asks for, and then asked again', async () => {
  app = await startTestApp();
  const { id } = await app.newAvatar();
  const before = await app.avatarNow(id);

  stopPauses();
  const refusal = await tryToTrain(id, photos('submit-429'));
  expect(refusal).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  expect(refusal?.message).toContain('Too many requests');
  const submits = app.simulator.requests().length;

  const held = await tryToTrain(id);
  expect(held).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  expect(held?.message).toContain('try again in 2 s');
  const { reason, retryAt } = await refusalOf(id);
  expect(reason).toBe('BUSY');
  expect(secondsUntil(retryAt)).toBeLessThanOrEqual(2);
  expect(app.simulator.requests()).toHaveLength(submits);
  expect(await app.avatarNow(id)).toEqual(before);

  // As the simulator's Retry-After says.
  vi.advanceTimersByTime(1999);
  expect((await tryToTrain(id))?.message).toContain('try again in 1 s');
  vi.advanceTimersByTime(1);
  expect(await tryToTrain(id)).toBeNull();
  expect(app.simulator.requests()).toHaveLength(submits + 1);
  expect(await app.settled(id)).toMatchObject({ status: 'COMPLETED' });
});

test('the first caller that fal is too busy for learns the pause too, and so does a repeat of its call', async () => {
  app = await startTestApp({ isProxied: true });
  const { id } = await app.newAvatar();
  app.simulator.program({ scenario: 'submit-429', times: 1 });
  const submit = app.fal.holdAnswers();
  stopPauses();
  const once = { idempotencyKey: 'once' };
  const [first, repeat] = [refusalOf(id, once), refusalOf(id, once)];
  await submit.reached(1);
  submit.release();
  const { reason, retryAt } = await first;
  expect(reason).toBe('BUSY');
  expect(secondsUntil(retryAt)).toBeLessThanOrEqual(2);
  expect(await repeat).toMatchObject({ reason, retryAt });
  expect(app.simulator.requests()).toHaveLength(1);
});

test('once the balance is back, the first submit after retryAt is accepted without a restart', async () => {
  app = await startTestApp({ env: { BREAKER_WAITS_MS: '300,700' } });
  app.log.expectError(OPENED);
  const { id } = await app.newAvatar();
  const imagesUrl = photos('submit-403-balance');
  await tryToTrain(id, imagesUrl);
  // A probe, when the first wait is over already.
  const { retryAt } = await refusalOf(id, { imagesUrl });
  const submits = app.simulator.requests().length;
  await eventually('a submit to be accepted', async () => (await tryToTrain(id)) === null);
  expect(secondsUntil(retryAt)).toBeLessThanOrEqual(0);
  expect(app.simulator.requests()).toHaveLength(submits + 1);
});

test('a 403 that concerns one request refuses that one, and everybody else goes on', async () => {
  app = await startTestApp();
  const { id } = await app.newAvatar();
  const other = await app.newAvatar();
  const refusal = await tryToTrain(id, photos('submit-403'));
  expect(refusal).toMatchObject({ code: 'PROVIDER_REJECTED' });
  expect(await tryToTrain(other.id)).toBeNull();
  expect(await tryToTrain(id)).toBeNull();
  expect(await app.metric('likeness_submits_stopped')).toBe(0);
});

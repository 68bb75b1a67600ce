import { afterAll, expect, test } from 'vitest';
import { endedAtFal, errorFor, heldTraining, okFor, portraitResult } from '../support/runs-at-fal.ts';
import { eventually } from '../support/eventually.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());
app.log.expectError('webhook contradicts the final state; polling fal');

test('a webhook that overtakes the submit’s answer finds its avatar, and the answer takes nothing back', async () => {
  const { id } = await app.newAvatar();
  const watch = app.watchAvatar({ avatarId: id });
  await watch.next();

  const started = await app.startTraining({ avatarId: id, imagesUrl: photos('early') });

  expect(started).toMatchObject({ status: 'COMPLETED', isReady: true });
  const [delivery] = app.simulator.deliveries().filter(({ requestId }) => requestId === started.falRequestId);
  expect(delivery).toMatchObject({ status: 200 });
  expect(await app.avatarNow(id)).toEqual(started);
  await watch.until(({ status }) => status === 'COMPLETED');
  expect(watch.seen.slice(1).map(({ status }) => status)).toEqual(['COMPLETED']);
  await watch.stop();
});

test('a webhook that fal sends twice moves the avatar once', async () => {
  const held = await heldTraining(app);
  const { version } = await app.avatarNow(held.avatarId);

  expect(await app.deliver(held, okFor(held.requestId))).toBe(200);
  const done = await app.avatarNow(held.avatarId);
  expect(await app.deliver(held, okFor(held.requestId))).toBe(200);

  expect(done).toMatchObject({ status: 'COMPLETED', version: version + 1 });
  expect(await app.avatarNow(held.avatarId)).toEqual(done);
});

test('fifty identical deliveries at once are one version step and one event', async () => {
  const held = await heldTraining(app);
  const { avatarId, requestId } = held;
  const before = await app.avatarNow(avatarId);
  const watch = app.watchAvatar({ avatarId });
  await watch.next();

  const statuses = await Promise.all(Array.from({ length: 50 }, () => app.deliver(held, okFor(requestId))));

  expect(new Set(statuses)).toEqual(new Set([200]));
  const done = await watch.until(({ status }) => status === 'COMPLETED');
  expect(done.version).toBe(before.version + 1);
  expect(await app.avatarNow(avatarId)).toEqual(done);
  expect(watch.seen).toHaveLength(2);
  await watch.stop();
});

test('the first end of a run is its end, whatever comes later; what contradicts it is kept and counted', async () => {
  const held = await heldTraining(app);
  const { avatarId, requestId } = held;
  const before = await conflicts();

  expect(await app.deliver(held, okFor(requestId, portraitResult('first')))).toBe(200);
  const done = await app.avatarNow(avatarId);
  expect(done.diffusersLoraFileUrl).toContain('first');

  for (let round = 0; round < 3; round++) {
    expect(await app.deliver(held, okFor(requestId, portraitResult('second')))).toBe(200);
    expect(await app.deliver(held, errorFor(requestId))).toBe(200);
  }
  expect(await app.avatarNow(avatarId)).toEqual(done);
  expect(await conflicts()).toBe(before + 2);
});

test('fifty contradictions of the same bytes at once are one', async () => {
  const held = await heldTraining(app);
  const { avatarId, requestId } = held;
  expect(await app.deliver(held, okFor(requestId))).toBe(200);
  const [done, before] = [await app.avatarNow(avatarId), await conflicts()];

  const statuses = await Promise.all(
    Array.from({ length: 50 }, () => app.deliver(held, errorFor(requestId))),
  );

  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await conflicts()).toBe(before + 1);
  expect(await app.avatarNow(avatarId)).toEqual(done);
});

function conflicts(): Promise<number> {
  return app.metric('likeness_webhooks_total', { outcome: 'conflict' });
}

test('OK then ERROR leaves the avatar trained', async () => {
  const { id } = await app.newAvatar();
  await app.startTraining({ avatarId: id, imagesUrl: photos('conflicting') });

  const done = await app.settled(id);
  await answered(done.falRequestId, 2);

  expect(done.status).toBe('COMPLETED');
  expect(await app.avatarNow(id)).toEqual(done);
});

test('ERROR then OK leaves the avatar failed until fal itself, asked, says that it succeeded', async () => {
  const before = await conflicts();
  const { id } = await app.newAvatar();
  const { falRequestId } = await app.startTraining({ avatarId: id, imagesUrl: photos('silent') });
  const run = app.lastRun();
  await endedAtFal(app, falRequestId);

  await app.deliver(run, errorFor(run.requestId));
  const failed = await app.avatarNow(id);
  expect(failed).toMatchObject({ status: 'FAILED', isReady: false, falRequestId });
  await app.deliver(run, okFor(run.requestId));
  const done = await app.settled(id, failed.version);

  expect(done).toMatchObject({
    status: 'COMPLETED',
    isReady: true,
    error: null,
    version: failed.version + 1,
    falRequestId,
  });
  expect(await app.avatarNow(id)).toEqual(done);
  expect(await conflicts()).toBe(before + 1);
});

test('an OK that fal does not confirm leaves the avatar failed', async () => {
  const { id } = await app.newAvatar();
  const started = await app.startTraining({ avatarId: id, imagesUrl: photos('fail') });
  const failed = await app.settled(id);
  const requestId = started.falRequestId ?? '';
  const [delivery] = app.simulator.deliveries().filter((each) => each.requestId === requestId);
  const url = delivery?.url ?? '';

  expect(await app.deliver({ requestId, url }, okFor(requestId))).toBe(200);

  await eventually('fal’s response about it', () =>
    app.log.lines.find(({ falStatus }) => falStatus === 'failed'),
  );
  expect(await app.avatarNow(id)).toEqual(failed);
});

test('a generation’s webhook sent twice moves it once', async () => {
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });

  const image = await app.generate({ avatarId: id, prompt: 'tea [[twice]]', waitSeconds: 20 });

  expect(image).toMatchObject({ status: 'COMPLETED' });
  const requestId = app.simulator.requests().at(-1)?.requestId ?? null;
  await answered(requestId, 2);
  const watch = app.watchGeneration({ generationId: image.id });
  expect(await watch.ended()).toEqual([image]);
});

/** Resolves when so many deliveries about a run were answered with 200. */
async function answered(requestId: string | null, count: number): Promise<void> {
  await eventually(`${count} answered webhooks`, () => {
    const done = app.simulator
      .deliveries()
      .filter((delivery) => delivery.requestId === requestId && delivery.status === 200);
    return done.length === count;
  });
}

import { afterAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { endedAtFal, okFor } from '../support/runs-at-fal.ts';
import { photos } from '../support/api-client.ts';
import { GenerationByIdDocument, StartTrainingDocument } from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ isProxied: true });
afterAll(() => app.close());

test('avatars and images are the same after a restart', async () => {
  const avatar = await app.trainedAvatar({ trainingType: 'STYLE', name: 'Zoë 🌸' });
  const image = await app.generate({ avatarId: avatar.id, waitSeconds: 20 });

  await app.restart();

  expect(await app.avatarNow(avatar.id)).toEqual(avatar);
  const { generation } = await app.execute(GenerationByIdDocument, { id: image.id });
  expect(generation).toMatchObject({ ...image, avatar: { id: avatar.id, name: 'Zoë 🌸' } });
});

test('a training that ends while nobody listens is found after the restart', async () => {
  const { id } = await app.newAvatar();
  const { falRequestId } = await app.startTraining({ avatarId: id, imagesUrl: photos('silent') });
  const run = app.lastRun();

  await app.restart(async () => {
    await endedAtFal(app, falRequestId);
    expect(await app.deliver(run, okFor(run.requestId))).toBeNull();
  });

  expect(await app.settled(id)).toMatchObject({ status: 'COMPLETED', isReady: true, falRequestId });
});

test('a training that is still under way goes on to its end', async () => {
  const { id } = await app.newAvatar();
  const { falRequestId } = await app.startTraining({ avatarId: id, imagesUrl: photos('slow') });

  await app.restart();

  expect(await app.settled(id)).toMatchObject({ status: 'COMPLETED', falRequestId });
});

test('a watcher is told to come again, not that it is over, and goes on where it was', async () => {
  const { id } = await app.newAvatar();
  const watches = [app.watchAvatar({ avatarId: id }), app.watchAvatar({ avatarId: id }, { over: 'sse' })];
  const { version } = await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
  for (const watch of watches) await watch.until((row) => row.version === version);
  // A poll is under way, so the server cannot end in an instant.
  const polls = app.fal.holdRequests();
  await polls.reached(1);

  const restarted = app.restart();
  const streams = Promise.all(watches.map((watch) => watch.ended()));
  await eventually('the server to take no more requests', async () => {
    const ready = await fetch(`${app.url}/readyz`).catch(() => null);
    return ready?.ok !== true;
  });
  polls.release();
  await restarted;
  await streams;

  // Complete would mean that nothing more will ever come, and no client would come again.
  expect(watches.map(({ closedWith }) => closedWith)).toEqual([1001, 'cut']);
  const again = app.watchAvatar({ avatarId: id, afterVersion: version - 1 });
  expect((await again.next()).version).toBeGreaterThanOrEqual(version);
  await again.stop();
});

test('a key is remembered over a restart', async () => {
  const { id } = await app.newAvatar();
  const imagesUrl = `https://photos.example/${id}.zip`;
  const input = { avatarId: id, imagesUrl, idempotencyKey: 'over a restart' };
  await app.mutate(StartTrainingDocument, input);

  await app.restart();

  const again = await app.mutate(StartTrainingDocument, input);
  expect(again).toMatchObject({ avatar: { id } });
  expect(app.submitsOf(imagesUrl)).toHaveLength(1);
});

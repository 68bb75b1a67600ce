import { afterAll, expect, test } from 'vitest';
import { imageResult, okFor } from '../support/runs-at-fal.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

test('startTraining returns while the run has not even begun', async () => {
  const { id } = await app.newAvatar();

  const started = await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
  const run = app.lastRun();

  expect(started).toMatchObject({ status: 'QUEUED', isReady: false, trainingCompletedAt: null });
  expect(started.falRequestId).not.toBeNull();
  expect(started.trainingStartedAt).not.toBeNull();
  await app.deliver(run, okFor(run.requestId));
  expect(await app.avatarNow(id)).toMatchObject({ status: 'COMPLETED' });
});

// Its pictures are the quickest to draw.
const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });

test('generateImage without waiting returns before there is an image', async () => {
  const image = await app.generate({ avatarId: id, prompt: 'tea [[stuck-in-queue]]', waitSeconds: 0 });
  const run = app.lastRun();

  expect(image).toMatchObject({ status: 'QUEUED', images: [], imageUrl: null, completedAt: null });
  await app.deliver(run, okFor(run.requestId, imageResult()));
  expect(await app.generation(image.id)).toMatchObject({ status: 'COMPLETED', error: null });
});

test('generateImage that waits returns as soon as the image is there', async () => {
  const began = performance.now();

  const image = await app.generate({ avatarId: id, waitSeconds: 60 });

  expect(image.status).toBe('COMPLETED');
  expect(performance.now() - began).toBeLessThan(30_000);
});

test('generateImage that waits returns as soon as the run has failed', async () => {
  const image = await app.generate({ avatarId: id, prompt: 'tea [[fail]]', waitSeconds: 60 });

  expect(image).toMatchObject({ status: 'FAILED', images: [], error: { code: 'PROVIDER_FAILED' } });
  expect(image.completedAt).not.toBeNull();
});

test('generateImage does not wait longer than it was told to', async () => {
  const began = performance.now();

  const image = await app.generate({ avatarId: id, prompt: 'tea [[stuck]]', waitSeconds: 1 });

  expect(performance.now() - began).toBeGreaterThan(900);
  expect(['QUEUED', 'RUNNING']).toContain(image.status);
});

import { afterAll, expect, test } from 'vitest';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const QUEUE_MS = 200;
/** The simulator's time, by which a run advances in the queue that it shows. */
let now = Date.now();
const app = await startTestApp({
  env: { PUBLIC_URL: undefined, RECONCILE_INTERVAL_MS: '50' },
  simulator: { now: () => now, timing: { queueMs: QUEUE_MS } },
});
afterAll(() => app.close());

test('without a public address fal is given no callback, and every good end is found', async () => {
  const { id } = await app.newAvatar({ trainingType: 'STYLE' });

  const done = await app.train({ avatarId: id });
  expect(app.lastSubmit().webhookUrl).toBeNull();
  expect(done).toMatchObject({ status: 'COMPLETED', isReady: true });
  expect(done.progress).toEqual({ percent: 100, queuePosition: null, source: 'RESULT' });
  expect(done.falResponseData).toEqual({ finetune_id: done.finetuneId });

  const image = await app.generate({ avatarId: id, waitSeconds: 20 });
  expect(app.lastSubmit().webhookUrl).toBeNull();
  expect(image).toMatchObject({ status: 'COMPLETED', error: null });
  expect(app.simulator.deliveries()).toEqual([]);
});

test('every bad end is found too, with fal’s words', async () => {
  const { id } = await app.newAvatar();

  const failed = await app.train({ avatarId: id, imagesUrl: photos('fail') });
  expect(failed).toMatchObject({ status: 'FAILED', error: { code: 'PROVIDER_FAILED' } });
  expect(failed.error?.message).toContain('Could not detect a face');
  expect(failed.falResponseData).toMatchObject({ detail: [{ type: 'face_detection_error' }] });

  const broken = await app.train({ avatarId: id, imagesUrl: photos('fail-5xx') });
  expect(broken).toMatchObject({ status: 'FAILED', error: { code: 'PROVIDER_FAILED' } });
  expect(broken.error?.message).toContain('Internal server error');

  const empty = await app.train({ avatarId: id, imagesUrl: photos('no-artifact') });
  expect(empty).toMatchObject({ status: 'FAILED', error: { code: 'RESULT_INVALID' } });
  expect(empty.falResponseData).toMatchObject({ diffusers_lora_file: null });
});

test('a place in the queue reaches subscribers, and a better one', async () => {
  const { id } = await app.newAvatar();
  const watch = app.watchAvatar({ avatarId: id });
  await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
  const queued = await watch.until(({ progress }) => progress?.queuePosition != null, 'a place in the queue');
  expect(queued).toMatchObject({ status: 'QUEUED', progress: { percent: null, source: 'QUEUE' } });
  const first = queued.progress?.queuePosition ?? 0;
  now += QUEUE_MS / 2;
  await watch.until(({ progress }) => (progress?.queuePosition ?? first) < first, 'a better place');
  await watch.stop();
  await app.cancelTraining(id);
});

test('percent from the logs reach subscribers, and none is made up', async () => {
  const { id } = await app.newAvatar();
  const watch = app.watchAvatar({ avatarId: id });
  await app.startTraining({ avatarId: id, imagesUrl: photos('stuck') });
  const half = await watch.until(({ progress }) => progress?.percent === 50, 'half of it');
  expect(half).toMatchObject({ status: 'TRAINING', progress: { queuePosition: null, source: 'LOGS' } });
  const percents = watch.seen.flatMap(({ progress }) => progress?.percent ?? []);
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  await watch.stop();
  await app.cancelTraining(id);
});

test('a run that goes back into the queue is shown there, and still ends', async () => {
  const { id } = await app.newAvatar();
  const watch = app.watchAvatar({ avatarId: id });

  await app.startTraining({ avatarId: id, imagesUrl: photos('requeue', 'slow') });
  // How long the run is in progress before it goes back: polls have to see it.
  app.simulator.setTiming({ queueMs: 2000 });
  await watch.until(({ status }) => status === 'TRAINING');
  await watch.until(({ status }) => status === 'QUEUED', 'the step back');
  await watch.until(({ status }) => status === 'TRAINING');
  await watch.until(({ status }) => status === 'COMPLETED');
  await watch.stop();
});

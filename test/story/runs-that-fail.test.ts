import { afterAll, describe, expect, test } from 'vitest';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

describe('a training that fails', () => {
  test('shows fal’s reason and keeps its answer', async () => {
    const { id } = await app.newAvatar();

    const failed = await app.train({ avatarId: id, imagesUrl: photos('fail') });

    expect(failed).toMatchObject({ status: 'FAILED', isReady: false, progress: null });
    expect(failed.error?.code).toBe('PROVIDER_FAILED');
    expect(failed.error?.message).toContain('Could not detect a face in the training images');
    expect(failed.falResponseData).toMatchObject({
      detail: [{ loc: ['body', 'images_data_url'], type: 'face_detection_error' }],
    });
    expect(failed.trainingCompletedAt).toBeNull();
  });

  test('can be started again, and then has no error any more', async () => {
    const { id } = await app.newAvatar();
    const failed = await app.train({ avatarId: id, imagesUrl: photos('fail') });

    const again = await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
    expect(again).toMatchObject({ status: 'QUEUED', error: null });
    expect(again.falRequestId).not.toBe(failed.falRequestId);
  });
});

describe('a result without the promised artifact is RESULT_INVALID and kept as it came', () => {
  test('of a LoRA trainer', async () => {
    const { id } = await app.newAvatar();

    const failed = await app.train({ avatarId: id, imagesUrl: photos('no-artifact') });

    expect(failed).toMatchObject({ status: 'FAILED', isReady: false, diffusersLoraFileUrl: null });
    expect(failed.error?.code).toBe('RESULT_INVALID');
    expect(failed.error?.message).toContain('diffusers_lora_file');
    expect(failed.falResponseData).toMatchObject({ diffusers_lora_file: null, config_file: {} });
  });

  test('of a finetune trainer', async () => {
    const { id } = await app.newAvatar({ trainingType: 'STYLE' });

    const failed = await app.train({ avatarId: id, imagesUrl: photos('no-artifact') });

    expect(failed).toMatchObject({ status: 'FAILED', isReady: false, finetuneId: null });
    expect(failed.error?.code).toBe('RESULT_INVALID');
    expect(failed.error?.message).toContain('finetune_id');
    expect(failed.falResponseData).toEqual({});
  });

  test('of a generation', async () => {
    const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });

    const image = await app.generate({ avatarId: id, prompt: 'tea [[no-artifact]]', waitSeconds: 20 });

    expect(image).toMatchObject({ status: 'FAILED', images: [], imageUrl: null });
    expect(image.error?.code).toBe('RESULT_INVALID');
  });
});

describe('while an avatar is trained again', () => {
  test('its last good artifact goes on generating', async () => {
    const first = await app.trainedAvatar({ trainingType: 'STYLE' });
    const imagesUrl = photos('stuck-in-queue');
    const during = await app.startTraining({ avatarId: first.id, imagesUrl });
    expect(during).toMatchObject({ status: 'QUEUED', isReady: true, finetuneId: first.finetuneId });

    const image = await app.generate({ avatarId: first.id, waitSeconds: 20 });

    expect(image.status).toBe('COMPLETED');
    expect(app.lastSubmit().body).toMatchObject({ finetune_id: first.finetuneId });
    await app.cancelTraining(first.id);
  });

  test('a failure leaves it ready with what it had', async () => {
    const first = await app.trainedAvatar();

    const failed = await app.train({ avatarId: first.id, imagesUrl: photos('fail') });

    const { diffusersLoraFileUrl, configFileUrl } = first;
    expect(failed).toMatchObject({ status: 'FAILED', isReady: true, diffusersLoraFileUrl, configFileUrl });
    expect(failed.error?.code).toBe('PROVIDER_FAILED');
  });

  test('a result without artifact leaves it ready with what it had', async () => {
    const first = await app.trainedAvatar({ trainingType: 'STYLE' });

    const failed = await app.train({ avatarId: first.id, imagesUrl: photos('no-artifact') });

    expect(failed).toMatchObject({ status: 'FAILED', isReady: true, finetuneId: first.finetuneId });
  });

  test('a success replaces the artifact whole, also by another trainer’s', async () => {
    const first = await app.trainedAvatar({ trainingType: 'STYLE' });

    const second = await app.train({ avatarId: first.id, trainer: 'FLUX_LORA_FAST' });

    expect(second).toMatchObject({ status: 'COMPLETED', finetuneId: null });
    expect(second.diffusersLoraFileUrl).not.toBeNull();
    expect(await app.avatarNow(first.id)).toEqual(second);
    await app.generate({ avatarId: first.id });
    expect(app.lastSubmit()).toMatchObject({
      endpoint: 'fal-ai/flux-lora',
      body: { loras: [{ path: second.diffusersLoraFileUrl, scale: 1 }] },
    });
  });
});

import { afterAll, describe, expect, test } from 'vitest';
import { photos, type AvatarRow } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';
import type { Trainer, TrainingType } from '../../src/generated/contract/graphql.ts';

const app = await startTestApp();
afterAll(() => app.close());

const ULTRA = 'fal-ai/flux-pro/v1.1-ultra-finetuned';

type TrainerCase = {
  readonly trainer: Trainer;
  readonly trainingType: TrainingType;
  readonly endpoint: string;
  readonly generatesWith: string;
  readonly steps: number;
  readonly input: (avatar: AvatarRow) => object;
};

const TRAINERS: readonly TrainerCase[] = [
  {
    trainer: 'FLUX_LORA_PORTRAIT',
    trainingType: 'PORTRAIT',
    endpoint: 'fal-ai/flux-lora-portrait-trainer',
    generatesWith: 'fal-ai/flux-lora',
    steps: 1200,
    input: ({ triggerPhrase }) => ({
      images_data_url: photos(),
      trigger_phrase: triggerPhrase,
      steps: 1200,
    }),
  },
  {
    trainer: 'FLUX_PRO',
    trainingType: 'STYLE',
    endpoint: 'fal-ai/flux-pro-trainer',
    generatesWith: ULTRA,
    steps: 250,
    input: ({ id, triggerPhrase }) => ({
      data_url: photos(),
      mode: 'style',
      finetune_comment: id,
      trigger_word: triggerPhrase,
      iterations: 250,
    }),
  },
  {
    trainer: 'FLUX_LORA_FAST',
    trainingType: 'STYLE',
    endpoint: 'fal-ai/flux-lora-fast-training',
    generatesWith: 'fal-ai/flux-lora',
    steps: 700,
    input: ({ triggerPhrase }) => ({
      images_data_url: photos(),
      trigger_word: triggerPhrase,
      is_style: true,
      steps: 700,
    }),
  },
  {
    trainer: 'FLUX_2',
    trainingType: 'PORTRAIT',
    endpoint: 'fal-ai/flux-2-trainer',
    generatesWith: 'fal-ai/flux-2/lora',
    steps: 400,
    input: ({ triggerPhrase }) => ({
      image_data_url: photos(),
      default_caption: triggerPhrase,
      steps: 400,
    }),
  },
];

describe('exactly its own input is sent to the trainer, and its artefact generates at its own endpoint', () => {
  test.each(TRAINERS.map((row) => [row.trainer, row] as const))('%s', async (_name, row) => {
    const avatar = await app.newAvatar({ trainingType: row.trainingType });
    const { trainer, steps } = row;

    const done = await app.train({ avatarId: avatar.id, imagesUrl: photos(), trainer, steps });

    const training = app.lastSubmit();
    expect(training).toMatchObject({ endpoint: row.endpoint, body: row.input(avatar) });
    expect(training.body).toEqual(row.input(avatar));
    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, error: null });

    const image = await app.generate({ avatarId: avatar.id, strength: 0.7, waitSeconds: 10 });
    expect(image).toMatchObject({ status: 'COMPLETED', error: null });
    const prompt = `${avatar.triggerPhrase}, a portrait by the window`;
    const artefact =
      done.finetuneId === null
        ? { loras: [{ path: done.diffusersLoraFileUrl, scale: 0.7 }] }
        : { finetune_id: done.finetuneId, finetune_strength: 0.7 };
    expect(app.lastSubmit()).toMatchObject({ endpoint: row.generatesWith });
    expect(app.lastSubmit().body).toEqual({ prompt, num_images: 1, ...artefact });
  });
});

test('the request id is there at once, for a LoRA and for a finetune; the artefact comes only with the result', async () => {
  for (const trainingType of ['PORTRAIT', 'STYLE'] as const) {
    const { id } = await app.newAvatar({ trainingType });
    const watch = app.watchAvatar({ avatarId: id });

    const started = await app.startTraining({ avatarId: id });
    expect(started.falRequestId).toBe(app.lastSubmit().requestId);

    const done = await watch.until(({ status }) => status === 'COMPLETED');
    const before = watch.seen.filter(({ status }) => status !== 'COMPLETED');
    expect(before.length).toBeGreaterThan(0);
    for (const row of before) {
      expect(row).toMatchObject({ finetuneId: null, diffusersLoraFileUrl: null, isReady: false });
    }
    expect(done.falRequestId).toBe(started.falRequestId);
    await watch.stop();
  }
});

test('a portrait keeps its LoRA and configuration files and no finetune', async () => {
  const done = await app.trainedAvatar();

  expect(done.finetuneId).toBeNull();
  const answer = done.falResponseData as Record<'diffusers_lora_file' | 'config_file', { url: string }>;
  expect(done.diffusersLoraFileUrl).toBe(answer.diffusers_lora_file.url);
  expect(done.configFileUrl).toBe(answer.config_file.url);
  const { trainingStartedAt, trainingCompletedAt } = done;
  expect(Date.parse(String(trainingCompletedAt))).toBeGreaterThan(Date.parse(String(trainingStartedAt)));
});

test('a style keeps its finetune and no files, and the finetune is not the request id', async () => {
  const done = await app.trainedAvatar({ trainingType: 'STYLE' });

  expect(done).toMatchObject({ diffusersLoraFileUrl: null, configFileUrl: null });
  expect(done.finetuneId).toBe((done.falResponseData as { finetune_id: string }).finetune_id);
  expect(done.finetuneId).not.toBe(done.falRequestId);
});

test('the trigger stands in the prompt once, as a word of its own', async () => {
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE', triggerPhrase: 'TOK' });
  const sentFor = async (prompt: string) => {
    const { prompt: shown } = await app.generate({ avatarId: id, prompt });
    expect(shown).toBe(prompt);
    return (app.lastSubmit().body as { prompt: string }).prompt;
  };

  expect(await sentFor('a walk in the rain')).toBe('TOK, a walk in the rain');
  expect(await sentFor('a photo of TOK, smiling')).toBe('a photo of TOK, smiling');
  expect(await sentFor('a walk in TOKYO')).toBe('TOK, a walk in TOKYO');
});

test('number of images, seed and strength are passed on; left out they are fal’s own', async () => {
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });

  const image = await app.generate({ avatarId: id, numImages: 3, seed: 7, strength: 0, waitSeconds: 10 });
  expect(app.lastSubmit().body).toMatchObject({ num_images: 3, seed: 7, finetune_strength: 0 });
  expect(image.images).toHaveLength(3);
  expect(image).toMatchObject({ seed: 7, imageUrl: image.images[0]?.url });

  await app.generate({ avatarId: id });
  expect(app.lastSubmit().body).toMatchObject({ num_images: 1, finetune_strength: 1 });
  expect(app.lastSubmit().body).not.toHaveProperty('seed');
});

test('a seed over 32 bits comes back whole', async () => {
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });

  const { seed } = await app.generate({ avatarId: id, waitSeconds: 10 });

  expect(Number.isSafeInteger(seed)).toBe(true);
  expect(seed).toBeGreaterThanOrEqual(2 ** 32);
});

test('every picture can be fetched where the generation says', async () => {
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });

  const { images } = await app.generate({ avatarId: id, numImages: 2, waitSeconds: 10 });

  for (const { url, contentType } of images) {
    const picture = await fetch(url);
    expect(picture.status).toBe(200);
    expect(picture.headers.get('content-type')).toBe(contentType);
  }
});

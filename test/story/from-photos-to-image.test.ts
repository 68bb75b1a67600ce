import { afterAll, describe, expect, test } from 'vitest';
import { photos, type AvatarRow } from '../support/api-client.ts';
import { okFor } from '../support/held-runs.ts';
import { PNG } from 'pngjs';
import {
  SentInputDocument,
  type GenerateImageInput,
  type Trainer,
  type TrainingType,
} from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

const ULTRA = 'fal-ai/flux-pro/v1.1-ultra-finetuned';

type TrainerCase = {
  readonly trainer: Trainer;
  readonly trainingType: TrainingType;
  readonly endpoint: string;
  readonly generatesWith: string;
  readonly steps: number;
  /** Of a generation that names no size. */
  readonly size: object;
  readonly input: (avatar: AvatarRow) => object;
};

const TRAINERS: readonly TrainerCase[] = [
  {
    trainer: 'FLUX_LORA_PORTRAIT',
    trainingType: 'PORTRAIT',
    endpoint: 'fal-ai/flux-lora-portrait-trainer',
    generatesWith: 'fal-ai/flux-lora',
    steps: 1200,
    size: { image_size: 'portrait_4_3' },
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
    size: { aspect_ratio: '1:1' },
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
    size: { image_size: 'square_hd' },
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
    size: { image_size: 'portrait_4_3' },
    input: ({ triggerPhrase }) => ({
      image_data_url: photos(),
      default_caption: triggerPhrase,
      steps: 400,
    }),
  },
  {
    trainer: 'FLUX_2_V2',
    trainingType: 'STYLE',
    endpoint: 'fal-ai/flux-2-trainer-v2',
    generatesWith: 'fal-ai/flux-2/lora',
    steps: 400,
    size: { image_size: 'square_hd' },
    input: ({ triggerPhrase }) => ({
      image_data_url: photos(),
      default_caption: triggerPhrase,
      steps: 400,
    }),
  },
  {
    trainer: 'TURBO_FLUX',
    trainingType: 'PORTRAIT',
    endpoint: 'fal-ai/turbo-flux-trainer',
    generatesWith: 'fal-ai/flux-lora',
    steps: 500,
    size: { image_size: 'portrait_4_3' },
    input: ({ triggerPhrase }) => ({
      images_data_url: photos(),
      trigger_phrase: triggerPhrase,
      training_style: 'subject',
      steps: 500,
    }),
  },
  {
    trainer: 'FLUX_KREA',
    trainingType: 'STYLE',
    endpoint: 'fal-ai/flux-krea-trainer',
    generatesWith: 'fal-ai/flux-krea-lora',
    steps: 600,
    size: { image_size: 'square_hd' },
    input: ({ triggerPhrase }) => ({
      images_data_url: photos(),
      trigger_word: triggerPhrase,
      is_style: true,
      steps: 600,
    }),
  },
  {
    trainer: 'Z_IMAGE_TURBO_V2',
    trainingType: 'PORTRAIT',
    endpoint: 'fal-ai/z-image-turbo-trainer-v2',
    generatesWith: 'fal-ai/z-image/turbo/lora',
    steps: 700,
    size: { image_size: 'portrait_4_3' },
    input: ({ triggerPhrase }) => ({
      image_data_url: photos(),
      default_caption: triggerPhrase,
      steps: 700,
    }),
  },
  {
    trainer: 'QWEN_IMAGE',
    trainingType: 'PORTRAIT',
    endpoint: 'fal-ai/qwen-image-trainer',
    generatesWith: 'fal-ai/qwen-image',
    steps: 800,
    size: { image_size: 'portrait_4_3' },
    input: ({ triggerPhrase }) => ({
      image_data_url: photos(),
      trigger_phrase: triggerPhrase,
      steps: 800,
    }),
  },
];

describe('exactly its own input is sent to the trainer, and its artifact generates at its own endpoint', () => {
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
    const artifact =
      done.finetuneId === null
        ? { loras: [{ path: done.diffusersLoraFileUrl, scale: 0.7 }] }
        : { finetune_id: done.finetuneId, finetune_strength: 0.7 };
    expect(app.lastSubmit()).toMatchObject({ endpoint: row.generatesWith });
    const sent = { prompt, num_images: 1, seed: image.seed, ...row.size, ...artifact };
    expect(app.lastSubmit().body).toEqual(sent);
    expect(await app.execute(SentInputDocument, { id: image.id })).toMatchObject({
      generation: { input: sent },
    });
  });
});

test('fal is asked to keep a LoRA for a year and an image for a month', async () => {
  const { id: avatarId } = await app.trainedAvatar();
  const lifecycle = () => app.lastSubmit().headers['x-fal-object-lifecycle-preference'];

  expect(lifecycle()).toBe(`{"expiration_duration_seconds":${365 * 86_400}}`);
  await app.generate({ avatarId });
  expect(lifecycle()).toBe(`{"expiration_duration_seconds":${30 * 86_400}}`);
});

test('the request id is there at once, for a LoRA and for a finetune; the artifact comes only with the result', async () => {
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

test('number of images, seed and strength are passed on; left out they have defaults', async () => {
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });

  const image = await app.generate({ avatarId: id, numImages: 3, seed: 7, strength: 0, waitSeconds: 10 });
  expect(app.lastSubmit().body).toMatchObject({ num_images: 3, seed: 7, finetune_strength: 0 });
  expect(image.images).toHaveLength(3);
  expect(image).toMatchObject({ seed: 7, imageUrl: image.images[0]?.url });

  await app.generate({ avatarId: id });
  expect(app.lastSubmit().body).toMatchObject({ num_images: 1, finetune_strength: 1 });
});

test('a seed that nobody gave is chosen, sent, shown at once and used', async () => {
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });
  const seeds = new Set<number>();
  for (let n = 0; n < 3; n += 1) {
    const queued = await app.generate({ avatarId: id, prompt: 'tea [[stuck-in-queue]]' });
    expect(app.lastSubmit().body).toMatchObject({ seed: queued.seed });
    seeds.add(queued.seed ?? -1);
  }
  expect(seeds.size).toBe(3);
  for (const seed of seeds) {
    expect(Number.isInteger(seed)).toBe(true);
    expect(seed).toBeGreaterThanOrEqual(0);
    expect(seed).toBeLessThan(2 ** 31);
  }
});

test('the same input with the seed of a generation makes the same picture', async () => {
  const { id: avatarId } = await app.trainedAvatar();
  const input = { avatarId, prompt: 'tea', waitSeconds: 10 };
  const bytesOf = async ({ imageUrl }: { readonly imageUrl: string | null }) =>
    Buffer.from(await (await fetch(imageUrl ?? '')).arrayBuffer());

  const first = await app.generate(input);
  const again = await app.generate({ ...input, seed: first.seed });
  const other = await app.generate(input);

  expect(await bytesOf(again)).toEqual(await bytesOf(first));
  expect(await bytesOf(other)).not.toEqual(await bytesOf(first));
});

test('the seed of fal’s answer replaces ours, also a seed over 32 bits; the input stays as it was sent', async () => {
  const { id: avatarId } = await app.trainedAvatar({ trainingType: 'STYLE' });
  const { id } = await app.generate({ avatarId, seed: 7, prompt: 'tea [[stuck-in-queue]]' });
  const run = app.lastRun();
  const payload = { images: [{ url: 'https://files.example/1.jpg' }], seed: 2 ** 48 + 1 };
  await app.deliver(run, okFor(run.requestId, payload));

  expect(await app.execute(SentInputDocument, { id })).toMatchObject({
    generation: { seed: 2 ** 48 + 1, input: { seed: 7 } },
  });
});

test.each<[size: Partial<GenerateImageInput>, trainer: Trainer, width: number, height: number]>([
  [{}, 'FLUX_LORA_PORTRAIT', 768, 1024],
  [{ size: 'SQUARE' }, 'FLUX_LORA_PORTRAIT', 1024, 1024],
  [{ size: 'PORTRAIT_16_9' }, 'FLUX_2', 576, 1024],
  [{ size: 'LANDSCAPE_16_9' }, 'FLUX_LORA_PORTRAIT', 1024, 576],
  [{ width: 640, height: 512 }, 'FLUX_2', 640, 512],
  [{ width: 256, height: 304 }, 'FLUX_LORA_PORTRAIT', 256, 304],
])('the pictures of %j by %s have %i × %i pixels', async (size, trainer, width, height) => {
  const { id: avatarId } = await app.newAvatar();
  await app.train({ avatarId, imagesUrl: photos(), trainer });

  const { images } = await app.generate({ avatarId, ...size, outputFormat: 'PNG', waitSeconds: 20 });

  expect(images).toMatchObject([{ width, height, contentType: 'image/png' }]);
  const { data } = PNG.sync.read(Buffer.from(await (await fetch(images[0]?.url ?? '')).arrayBuffer()));
  expect(data).toHaveLength(4 * width * height);
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

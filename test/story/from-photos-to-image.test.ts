import { afterAll, describe, expect, test } from 'vitest';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { DEFAULT_SIZES } from '../../src/catalog/trainers.ts';
import { photos } from '../support/api-client.ts';
import { heldGeneration, imageResult, okFor } from '../support/runs-at-fal.ts';
import { PNG } from 'pngjs';
import {
  SentInputDocument,
  type GenerateImageInput,
  type Trainer,
} from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

const portrait = await app.trainedAvatar();
const style = await app.trainedAvatar({ trainingType: 'STYLE' });
const flux2 = await app.train({ avatarId: (await app.newAvatar()).id, trainer: 'FLUX_2' });

describe('exactly its own input is sent to the trainer, and its artifact generates at its own endpoint', () => {
  test.each(BUILT_IN.trainers.map((row) => [row.name, row] as const))('%s', async (trainer, row) => {
    const [trainingType = 'STYLE'] = row.serves;
    const { id: avatarId, triggerPhrase } = await app.newAvatar({ trainingType });
    const order = { avatarId, imagesUrl: photos(), steps: row.steps.min + 100 };

    const done = await app.train({ ...order, trainer: trainer as Trainer });

    expect(app.lastSubmit().endpoint).toBe(row.endpoint);
    expect(app.lastSubmit().body).toEqual(row.input({ ...order, trainingType, triggerPhrase }));
    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, error: null });

    const image = await app.generate({ avatarId, strength: 0.7, waitSeconds: 10 });
    expect(image).toMatchObject({ status: 'COMPLETED', error: null });
    const { finetuneId, diffusersLoraFileUrl } = done;
    const sent = row.generator.input({
      artifact:
        finetuneId === null
          ? { kind: 'LORA', loraUrl: diffusersLoraFileUrl ?? '', configUrl: null }
          : { kind: 'FINETUNE', finetuneId },
      prompt: `${triggerPhrase}, a portrait by the window`,
      numImages: 1,
      seed: image.seed ?? NaN,
      strength: 0.7,
      size: DEFAULT_SIZES[trainingType],
      outputFormat: null,
      guidanceScale: null,
      inferenceSteps: null,
    });
    expect(app.lastSubmit()).toMatchObject({ endpoint: row.generator.endpoint });
    expect(app.lastSubmit().body).toEqual(sent);
    const shown = await app.execute(SentInputDocument, { id: image.id });
    expect(shown).toMatchObject({ generation: { input: sent } });
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
    await watch.next();

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
  const done = portrait;
  expect(done.finetuneId).toBeNull();
  const answer = done.falResponseData as Record<'diffusers_lora_file' | 'config_file', { url: string }>;
  expect(done.diffusersLoraFileUrl).toBe(answer.diffusers_lora_file.url);
  expect(done.configFileUrl).toBe(answer.config_file.url);
  const { trainingStartedAt, trainingCompletedAt } = done;
  expect(Date.parse(String(trainingCompletedAt))).toBeGreaterThan(Date.parse(String(trainingStartedAt)));
});

test('a style keeps its finetune and no files, and the finetune is not the request id', async () => {
  expect(style).toMatchObject({ diffusersLoraFileUrl: null, configFileUrl: null });
  expect(style.finetuneId).toBe((style.falResponseData as { finetune_id: string }).finetune_id);
  expect(style.finetuneId).not.toBe(style.falRequestId);
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
  const { id } = style;
  const image = await app.generate({ avatarId: id, numImages: 3, seed: 7, strength: 0, waitSeconds: 10 });
  expect(app.lastSubmit().body).toMatchObject({ num_images: 3, seed: 7, finetune_strength: 0 });
  expect(image.images).toHaveLength(3);
  expect(image).toMatchObject({ seed: 7, imageUrl: image.images[0]?.url });

  await app.generate({ avatarId: id });
  expect(app.lastSubmit().body).toMatchObject({ num_images: 1, finetune_strength: 1 });
});

test('a seed that nobody gave is chosen, sent, shown at once and used', async () => {
  const seeds = new Set<number>();
  for (let n = 0; n < 3; n += 1) {
    const queued = await app.generate({ avatarId: style.id, prompt: 'tea [[stuck-in-queue]]' });
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
  const input = { avatarId: portrait.id, prompt: 'tea', waitSeconds: 10 };
  const bytesOf = async ({ imageUrl }: { readonly imageUrl: string | null }) =>
    Buffer.from(await (await fetch(imageUrl ?? '')).arrayBuffer());

  const first = await app.generate(input);
  const again = await app.generate({ ...input, seed: first.seed });
  const other = await app.generate(input);

  expect(await bytesOf(again)).toEqual(await bytesOf(first));
  expect(await bytesOf(other)).not.toEqual(await bytesOf(first));
});

test('the seed of fal’s response replaces ours, also a seed over 32 bits; the input stays as it was sent', async () => {
  const held = await heldGeneration(app, { avatarId: style.id, seed: 7 });
  await app.deliver(held, okFor(held.requestId, imageResult({ seed: 2 ** 48 + 1 })));

  expect(await app.execute(SentInputDocument, { id: held.generationId })).toMatchObject({
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
  const { id: avatarId } = trainer === 'FLUX_2' ? flux2 : portrait;

  const { images } = await app.generate({ avatarId, ...size, outputFormat: 'PNG', waitSeconds: 20 });

  expect(images).toMatchObject([{ width, height, contentType: 'image/png' }]);
  const { data } = PNG.sync.read(Buffer.from(await (await fetch(images[0]?.url ?? '')).arrayBuffer()));
  expect(data).toHaveLength(4 * width * height);
});

test('every picture can be fetched where the generation says', async () => {
  const { images } = await app.generate({ avatarId: style.id, numImages: 2, waitSeconds: 10 });

  for (const { url, contentType } of images) {
    const picture = await fetch(url);
    expect(picture.status).toBe(200);
    expect(picture.headers.get('content-type')).toBe(contentType);
  }
});

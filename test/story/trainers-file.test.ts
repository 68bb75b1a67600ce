import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import {
  GenerateImageDocument,
  ImportAvatarDocument,
  RegenerateDocument,
  StartTrainingDocument,
  TypedDocumentString,
  type Trainer,
} from '../../src/generated/contract/graphql.ts';
import { photos } from '../support/api-client.ts';
import { okFor } from '../support/runs-at-fal.ts';
import { startTestApp } from '../support/test-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'likeness-trainers-'));
const file = join(dir, 'trainers.json');
const EXAMPLE = fileURLToPath(new URL('../../docs/trainers.example.json', import.meta.url));
cpSync(EXAMPLE, file);
const app = await startTestApp({ env: { TRAINERS_FILE: file } });
afterAll(async () => {
  await app.close();
  rmSync(dir, { recursive: true });
});

/** The committed schema has the built-in trainers only. */
const WAN = 'WAN_22_IMAGE' as Trainer;
const WAN_GENERATOR = 'fal-ai/wan/v2.2-a14b/text-to-image/lora';

const TrainersDocument = new TypedDocumentString<
  {
    trainers: { name: string; endpoint: string }[];
    __type: { enumValues: { name: string; description: string }[] };
  },
  Record<string, never>
>(`{
  trainers { name endpoint }
  __type(name: "Trainer") { enumValues { name description } }
}`);

const ReadyDocument = new TypedDocumentString<{ avatar: object }, { id: string }>(
  'query ($id: ID!) { avatar(id: $id) { isReady trainer loraFileUrls } }',
);

async function trainedByWan() {
  const avatar = await app.newAvatar();
  const done = await app.train({ avatarId: avatar.id, imagesUrl: photos(), trainer: WAN, steps: 200 });
  expect(done).toMatchObject({ status: 'COMPLETED', error: null });
  return done;
}

test('a trainer of the file is offered like a built-in one', async () => {
  const { trainers, __type } = await app.execute(TrainersDocument, {});
  expect(trainers.at(-1)).toEqual({ name: WAN, endpoint: 'fal-ai/wan-22-image-trainer' });
  const namesOf = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name).toSorted();
  expect(namesOf(__type.enumValues)).toEqual(namesOf(trainers));
  const { description } = __type.enumValues.find(({ name }) => name === WAN) ?? {};
  expect(description).toBe('fal-ai/wan-22-image-trainer.');
});

test('it trains with its own fields, and its artifact of two files generates at its own generator', async () => {
  const { id, triggerPhrase, falResponseData } = await trainedByWan();
  expect(app.lastSubmit()).toMatchObject({ endpoint: 'fal-ai/wan-22-image-trainer' });
  expect(app.lastSubmit().body).toEqual({
    training_data_url: photos(),
    trigger_phrase: triggerPhrase,
    is_style: false,
    steps: 200,
  });
  const { diffusers_lora_file: low, high_noise_lora: high } = falResponseData as Record<
    string,
    { url: string }
  >;
  expect(await app.execute(ReadyDocument, { id })).toEqual({
    avatar: { isReady: true, trainer: WAN, loraFileUrls: [low?.url, high?.url] },
  });

  const image = await app.generate({
    avatarId: id,
    outputFormat: 'PNG',
    strength: 0.7,
    seed: 7,
    waitSeconds: 10,
  });
  expect(app.lastSubmit()).toMatchObject({ endpoint: WAN_GENERATOR });
  expect(app.lastSubmit().body).toEqual({
    prompt: `${triggerPhrase}, a portrait by the window`,
    seed: 7,
    image_size: 'portrait_4_3',
    image_format: 'png',
    loras: [
      { path: low?.url, scale: 0.7, transformer: 'low' },
      { path: high?.url, scale: 0.7, transformer: 'high' },
    ],
  });
  expect(image).toMatchObject({ status: 'COMPLETED', error: null, seed: 7 });
  expect(image.images).toMatchObject([{ contentType: 'image/png', width: 768, height: 1024 }]);
});

test('its artifact of several files is not imported', async () => {
  const loraUrl = 'https://files.example/lora.safetensors';
  const input = { name: 'Ink', trainingType: 'STYLE', trainer: WAN, triggerPhrase: '1nk', loraUrl } as const;
  expect(await app.mutate(ImportAvatarDocument, input)).toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('whose LoRA has one file') as string,
  });
});

test('its limits are those of the file', async () => {
  const { id: avatarId } = await trainedByWan();
  const sent = app.simulator.requests().length;
  const input = { avatarId, imagesUrl: photos(), trainer: WAN, steps: 99 };
  const startTraining = await app.mutate(StartTrainingDocument, input);
  expect(startTraining).toMatchObject({
    code: 'INVALID_INPUT',
    message: 'steps: expected a whole number from 100 to 10000, got 99.',
  });
  const generateImage = await app.mutate(GenerateImageDocument, { avatarId, prompt: 'tea', numImages: 2 });
  expect(generateImage).toMatchObject({
    code: 'INVALID_INPUT',
    message: 'numImages: expected a whole number from 1 to 1, got 2.',
  });
  expect(app.simulator.requests()).toHaveLength(sent);
});

test('without its row an avatar still reads and says why it cannot generate; with the row it can again', async () => {
  const { id } = await trainedByWan();
  const image = await app.generate({ avatarId: id, waitSeconds: 10 });
  const open = await app.newAvatar();
  await app.startTraining({ avatarId: open.id, imagesUrl: photos('stuck-in-queue'), trainer: WAN });
  const run = app.lastRun();

  writeFileSync(file, '{"trainers": {}}');
  await app.restart();
  expect(await app.execute(ReadyDocument, { id })).toMatchObject({
    avatar: { isReady: false, trainer: null },
  });
  const generateImage = await app.mutate(GenerateImageDocument, { avatarId: id, prompt: 'tea' });
  expect(generateImage).toMatchObject({
    code: 'NOT_READY',
    message: expect.stringContaining('WAN_22_IMAGE') as string,
  });
  const regenerate = await app.mutate(RegenerateDocument, { generationId: image.id });
  expect(regenerate).toMatchObject({
    code: 'NOT_READY',
    message: expect.stringContaining(WAN_GENERATOR) as string,
  });

  const payload = { diffusers_lora_file: { url: 'https://files.example/low' } };
  await app.deliver(run, okFor(run.requestId, payload));
  expect(await app.avatar(open.id)).toMatchObject({
    status: 'FAILED',
    error: {
      code: 'RESULT_INVALID',
      message: expect.stringContaining('no longer has the trainer') as string,
    },
    falResponseData: payload,
  });

  cpSync(EXAMPLE, file);
  await app.restart();
  expect(await app.execute(ReadyDocument, { id })).toMatchObject({ avatar: { isReady: true, trainer: WAN } });
  expect(await app.generate({ avatarId: id, waitSeconds: 10 })).toMatchObject({ status: 'COMPLETED' });
});

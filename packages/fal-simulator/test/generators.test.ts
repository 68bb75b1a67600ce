import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { GENERATORS } from '../src/generators.ts';
import {
  ELSEWHERE,
  firstDetail,
  type Json,
  LORA,
  PORTRAIT,
  PRO,
  fixture,
  TINY,
  ULTRA,
} from './support/fixture.ts';

type Image = { url: string; width: number; height: number; content_type: string };
type Output = {
  images: Image[];
  image?: Image;
  seed: number;
  prompt: string;
  has_nsfw_concepts: boolean[];
  timings: Json;
};

async function studio(options: Parameters<typeof fixture>[0] = {}) {
  const set = await fixture(options);
  const generate = async (endpoint: string, input: Json) => {
    const { status, body } = await set.result(await set.submit(endpoint, input));
    return { status, body, output: body as unknown as Output };
  };
  const draw = async (endpoint: string, input: Json) => {
    const { status, body, output } = await generate(endpoint, input);
    expect({ status, body }).toMatchObject({ status: 200 });
    return Promise.all(output.images.map(async (image) => decode(image)));
  };
  const lora = async () => {
    const { body } = await set.result(await set.submit(PORTRAIT, { images_data_url: ELSEWHERE }));
    return [{ path: (body['diffusers_lora_file'] as Image).url, scale: 1 }];
  };
  const finetune = async (mode: string) => {
    const input = { data_url: ELSEWHERE, finetune_comment: 'x', mode };
    return String((await set.result(await set.submit(PRO, input))).body['finetune_id']);
  };
  return { ...set, generate, draw, lora, finetune };
}

/** Fails unless the bytes are what the answer says they are. */
async function decode({ url, width, height, content_type }: Image): Promise<Buffer> {
  const answer = await fetch(url);
  expect(answer.headers.get('content-type')).toBe(content_type);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const image = content_type === 'image/png' ? PNG.sync.read(bytes) : jpeg.decode(bytes);
  expect([image.width, image.height]).toEqual([width, height]);
  return bytes;
}

test.each(GENERATORS.map((generator) => [generator.endpoint, generator] as const))(
  '%s draws an image that can be opened',
  async (endpoint, { uses, defaultFormat, givesOne }) => {
    const { generate, lora, finetune } = await studio({ images: { ultraLongSide: 320, blockSide: 16 } });
    const model =
      uses === 'loras'
        ? { loras: await lora() }
        : { finetune_id: await finetune('style'), finetune_strength: 1 };
    const side = endpoint === 'fal-ai/flux-2/lora' ? 512 : 64;
    const image_size = { width: side, height: side };
    const { output } = await generate(endpoint, { ...TINY, ...model, image_size, seed: 7 });
    const about = givesOne ? { seed: 7 } : { seed: 7, prompt: 'x', has_nsfw_concepts: [false] };
    expect(output).toMatchObject(about);
    const images = output.image === undefined ? output.images : [output.image];
    const size = uses === 'loras' ? image_size : { width: 320, height: 192 };
    expect(images).toMatchObject([{ ...size, content_type: `image/${defaultFormat}` }]);
    await Promise.all(images.map(decode));
  },
);

test('without a size flux-lora draws landscape_4_3, the finetuned one 16:9', async () => {
  const { generate, finetune } = await studio({ images: { blockSide: 16 } });
  const { output } = await generate(LORA, { prompt: 'x' });
  expect(output.images).toMatchObject([{ width: 1024, height: 768, content_type: 'image/jpeg' }]);
  const wide = await generate(ULTRA, {
    prompt: 'x',
    finetune_id: await finetune('style'),
    finetune_strength: 1,
  });
  expect(wide.output.images).toMatchObject([{ width: 1376, height: 768, content_type: 'image/jpeg' }]);
});

test('the same input gives the same bytes; seed, prompt and model each change them', async () => {
  const { draw, lora, finetune } = await studio({ images: { ultraLongSide: 128 } });
  const [mine, yours] = [await lora(), await lora()];
  const base = { ...TINY, seed: 1, loras: mine };
  const [first] = await draw(LORA, base);
  expect((await draw(LORA, base))[0]).toEqual(first);
  const others = [{ seed: 2 }, { prompt: 'y' }, { loras: yours }, { loras: [] }];
  for (const change of others) expect((await draw(LORA, { ...base, ...change }))[0]).not.toEqual(first);

  const tuned = { prompt: 'x', seed: 1, finetune_strength: 1, aspect_ratio: '1:1' };
  const [style] = await draw(ULTRA, { ...tuned, finetune_id: await finetune('style') });
  const [character] = await draw(ULTRA, { ...tuned, finetune_id: await finetune('character') });
  expect(style).not.toEqual(character);
});

test('num_images, sizes and formats are honoured', async () => {
  const { generate, finetune } = await studio({ images: { ultraLongSide: 256 } });
  const sizes = [
    ['square', { width: 512, height: 512 }],
    [
      { width: 96, height: 160 },
      { width: 96, height: 160 },
    ],
    [{ width: 128 }, { width: 128, height: 512 }],
  ] as const;
  for (const [image_size, size] of sizes) {
    const input = { prompt: 'x', image_size, num_images: 2, output_format: 'png' };
    const { output } = await generate(LORA, input);
    const [one, two] = await Promise.all(output.images.map(decode));
    expect(output.images).toMatchObject([size, size]);
    expect(one).not.toEqual(two);
    expect(output.has_nsfw_concepts).toEqual([false, false]);
  }
  const finetune_id = await finetune('character');
  const tall = { prompt: 'x', finetune_id, finetune_strength: 0.8, aspect_ratio: '9:16' };
  expect((await generate(ULTRA, tall)).output.images).toMatchObject([{ width: 160, height: 256 }]);
});

test.each([
  ['square_hd', 1024, 1024],
  ['portrait_4_3', 768, 1024],
  ['portrait_16_9', 576, 1024],
  ['landscape_4_3', 1024, 768],
  ['landscape_16_9', 1024, 576],
])('an image_size %s has %i × %i pixels', async (image_size, width, height) => {
  const { generate } = await studio({ images: { blockSide: 16 } });
  const { output } = await generate(LORA, { prompt: 'x', image_size });
  expect(output.images).toMatchObject([{ width, height }]);
  await Promise.all(output.images.map(decode));
});

test.each([
  ['1:1', 192, 192],
  ['3:4', 160, 224],
  ['9:16', 160, 256],
  ['4:3', 224, 160],
  ['16:9', 256, 160],
])('an aspect_ratio %s is drawn with %i × %i pixels', async (aspect_ratio, width, height) => {
  const { generate, finetune } = await studio({ images: { ultraLongSide: 256 } });
  const finetune_id = await finetune('character');
  const { output } = await generate(ULTRA, { prompt: 'x', finetune_id, finetune_strength: 1, aspect_ratio });
  expect(output.images).toMatchObject([{ width, height }]);
  await Promise.all(output.images.map(decode));
});

test('a seed nobody gave is beyond 32 bits and still exact', async () => {
  for (const random of [0, 0.5, 0.999_999_999]) {
    const { generate } = await studio({ random: () => random });
    const { seed } = (await generate(LORA, TINY)).output;
    expect(seed).toBeGreaterThanOrEqual(2 ** 32);
    expect(Number.isSafeInteger(seed)).toBe(true);
  }
});

test('sync_mode gives the image itself instead of a URL', async () => {
  const { generate } = await studio();
  const { output } = await generate(LORA, { ...TINY, sync_mode: true });
  expect(output.images[0]?.url).toMatch(/^data:image\/jpeg;base64,/);
});

test.each<[string, string, Json, Json]>([
  ['no prompt', LORA, {}, { loc: ['body', 'prompt'], type: 'missing' }],
  ['too many images', LORA, { prompt: 'x', num_images: 5 }, { type: 'less_than_equal', ctx: { le: 4 } }],
  [
    'an unknown size',
    LORA,
    { prompt: 'x', image_size: 'poster' },
    { loc: ['body', 'image_size'], type: 'one_of' },
  ],
  [
    'an oversized side',
    LORA,
    { prompt: 'x', image_size: { width: 9999 } },
    { loc: ['body', 'image_size', 'width'] },
  ],
  [
    'a side too short for flux-2',
    'fal-ai/flux-2/lora',
    { prompt: 'x', image_size: { width: 511, height: 512 } },
    { loc: ['body', 'image_size', 'width'], ctx: { ge: 512 } },
  ],
  [
    'fewer steps than flux-2 takes',
    'fal-ai/flux-2/lora',
    { prompt: 'x', num_inference_steps: 3 },
    { loc: ['body', 'num_inference_steps'], ctx: { ge: 4 } },
  ],
  [
    'more guidance than flux-2 takes',
    'fal-ai/flux-2/lora',
    { prompt: 'x', guidance_scale: 21 },
    { loc: ['body', 'guidance_scale'], ctx: { le: 20 } },
  ],
  [
    'a LoRA without path',
    LORA,
    { prompt: 'x', loras: [{ scale: 1 }] },
    { loc: ['body', 'loras', 0, 'path'] },
  ],
  [
    'too many LoRAs',
    'fal-ai/flux-2/lora',
    { prompt: 'x', loras: Array(4).fill({ path: 'a/b' }) },
    { type: 'sequence_too_long' },
  ],
  [
    'no finetune',
    ULTRA,
    { prompt: 'x', finetune_strength: 1 },
    { loc: ['body', 'finetune_id'], type: 'missing' },
  ],
  ['no strength', ULTRA, { prompt: 'x', finetune_id: 'a' }, { loc: ['body', 'finetune_strength'] }],
  [
    'an unknown finetune',
    ULTRA,
    { prompt: 'x', finetune_id: 'a', finetune_strength: 1 },
    { loc: ['body', 'finetune_id'], type: 'value_error' },
  ],
  [
    'a safety tolerance that is a number',
    ULTRA,
    { prompt: 'x', finetune_id: 'a', finetune_strength: 1, safety_tolerance: 2 },
    { type: 'one_of' },
  ],
])('%s is a failed run', async (_what, endpoint, input, detail) => {
  const { generate } = await studio();
  const { status, body } = await generate(endpoint, input);
  expect(status).toBe(422);
  expect(firstDetail(body)).toMatchObject(detail);
});

test('a LoRA of this host must exist and be one; one from elsewhere is taken on trust', async () => {
  const { simulator, generate } = await studio();
  const use = async (path: string) => generate(LORA, { ...TINY, loras: [{ path }] });
  const missing = await use(`${simulator.url}/files/none/lora.safetensors`);
  expect(firstDetail(missing.body)).toMatchObject({
    loc: ['body', 'loras', 0, 'path'],
    type: 'file_download_error',
  });
  expect((await use(simulator.samplePhotosUrl)).status).toBe(422);
  expect((await use('https://huggingface.example/lora.safetensors')).status).toBe(200);
});

test.each([['in memory'], ['on disk']])(
  'of a LoRA %s the header is read up to a megabyte, and none that claims more',
  async (where) => {
    const dir = mkdtempSync(join(tmpdir(), 'simulator-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const { fal, generate } = await studio(where === 'on disk' ? { dir } : {});
    const withHeader = async (header: string, claimed = header.length) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(claimed));
      const path = await fal.storage.upload(new Blob([length, header, new Uint8Array(100_000)]));
      return (await generate(LORA, { ...TINY, loras: [{ path }] })).status;
    };
    const json = JSON.stringify({ __metadata__: { style: 'true' } });
    expect(await withHeader(json)).toBe(200);
    expect(await withHeader(json.padEnd(1024 * 1024))).toBe(200);
    expect(await withHeader(json.padEnd(1024 * 1024 + 1))).toBe(422);
    expect(await withHeader(json, 2 ** 52)).toBe(422);
  },
);

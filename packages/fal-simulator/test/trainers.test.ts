import { strToU8, zipSync } from 'fflate';
import { unzipSync } from 'fflate';
import jpeg from 'jpeg-js';
import { expect, onTestFinished, test } from 'vitest';
import { startFileHost } from '../../../test/support/file-host.ts';
import { TRAINERS } from '../src/trainers.ts';
import { ELSEWHERE, firstDetail, type Json, PORTRAIT, PRO, fixture } from './support/fixture.ts';

const JPG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0]);

function archiveOf(images: number, extra: Record<string, Uint8Array> = {}): Blob {
  const files = Object.fromEntries(Array.from({ length: images }, (_, index) => [`photo-${index}.jpg`, JPG]));
  return new Blob([zipSync({ ...files, ...extra })], { type: 'application/zip' });
}

test('the trainers served are these, each with its own fields and its own artifact', () => {
  const rows = TRAINERS.map(({ endpoint, archiveField, gives }) => [endpoint, archiveField, gives]);
  expect(rows).toEqual([
    ['fal-ai/flux-lora-portrait-trainer', 'images_data_url', 'diffusers_lora_file'],
    ['fal-ai/flux-pro-trainer', 'data_url', 'finetune_id'],
    ['fal-ai/flux-lora-fast-training', 'images_data_url', 'diffusers_lora_file'],
    ['fal-ai/flux-krea-trainer', 'images_data_url', 'diffusers_lora_file'],
    ['fal-ai/turbo-flux-trainer', 'images_data_url', 'diffusers_lora_file'],
    ['fal-ai/flux-2-trainer', 'image_data_url', 'diffusers_lora_file'],
    ['fal-ai/flux-2-trainer-v2', 'image_data_url', 'diffusers_lora_file'],
    ['fal-ai/z-image-turbo-trainer-v2', 'image_data_url', 'diffusers_lora_file'],
    ['fal-ai/wan-22-image-trainer', 'training_data_url', 'diffusers_lora_file'],
    ['fal-ai/z-image-trainer', 'image_data_url', 'diffusers_lora_file'],
    ['fal-ai/qwen-image-trainer', 'image_data_url', 'lora_file'],
  ]);
});

test.each(TRAINERS.map((trainer) => [trainer.endpoint, trainer] as const))(
  '%s keeps its promise',
  async (endpoint, { archiveField, gives, alsoGives }) => {
    const { simulator, submit, result } = await fixture();
    const input = {
      [archiveField]: simulator.samplePhotosUrl,
      finetune_comment: 'me',
      default_caption: 'ohwx',
      trigger_phrase: 'ohwx',
    };
    const { status, body, headers } = await result(await submit(endpoint, { ...input, unknown_field: 1 }));
    expect(status).toBe(200);
    expect(headers.get('x-fal-billable-units')).toMatch(/^\d+$/);
    if (gives === 'finetune_id') {
      expect(Object.keys(body)).toEqual(['finetune_id']);
      return;
    }
    const file = body[gives] as { url: string; file_size: number; file_name: string };
    const lora = Buffer.from(await (await fetch(file.url)).arrayBuffer());
    expect(lora).toHaveLength(file.file_size);
    const length = Number(lora.readBigUInt64LE());
    const head = JSON.parse(lora.toString('utf8', 8, 8 + length)) as Record<
      string,
      { data_offsets?: number[] }
    >;
    const ends = Object.values(head).map(({ data_offsets }) => data_offsets?.[1] ?? 0);
    expect(8 + length + Math.max(...ends)).toBe(lora.length);
    if (alsoGives) expect((body[alsoGives] as { url: string }).url).not.toBe(file.url);
    const config: unknown = await (await fetch((body['config_file'] as { url: string }).url)).json();
    expect(config).toMatchObject({ trained_with: endpoint });
  },
);

test('the built-in sample archive is a zip of images that can be opened', async () => {
  const { simulator } = await fixture();
  const answer = await fetch(simulator.samplePhotosUrl);
  const photos = unzipSync(new Uint8Array(await answer.arrayBuffer()));
  expect(Object.keys(photos).length).toBeGreaterThanOrEqual(12);
  for (const photo of Object.values(photos))
    expect(jpeg.decode(photo)).toMatchObject({ width: 640, height: 800 });
});

test.each<[string, Json, Json]>([
  ['nothing', {}, { loc: ['body', 'images_data_url'], type: 'missing' }],
  [
    'too many steps',
    { images_data_url: ELSEWHERE, steps: 10_001 },
    { type: 'less_than_equal', ctx: { le: 10_000 } },
  ],
  ['no steps', { images_data_url: ELSEWHERE, steps: 0 }, { type: 'greater_than_equal', ctx: { ge: 1 } }],
  [
    'a rate beyond its range',
    { images_data_url: ELSEWHERE, learning_rate: 0.1 },
    { type: 'less_than_equal' },
  ],
  ['text for a flag', { images_data_url: ELSEWHERE, create_masks: 'no' }, { loc: ['body', 'create_masks'] }],
  ['no URL', { images_data_url: 'no url' }, { type: 'file_download_error' }],
  ['another scheme', { images_data_url: 'file:///etc/passwd' }, { type: 'file_download_error' }],
])('input with %s is a failed run, not a refused submit', async (_what, input, detail) => {
  const { submit, result } = await fixture();
  const { status, body } = await result(await submit(PORTRAIT, input));
  expect(status).toBe(422);
  expect(firstDetail(body)).toMatchObject({
    ...detail,
    url: expect.stringContaining('docs.fal.ai/errors/#') as string,
  });
});

test('choices are checked against the list', async () => {
  const { submit, result } = await fixture();
  const run = await submit(PRO, { data_url: ELSEWHERE, finetune_comment: 'x', mode: 'person' });
  expect(firstDetail((await result(run)).body)).toMatchObject({ type: 'one_of', loc: ['body', 'mode'] });
});

test('an uploaded archive is really opened', async () => {
  const { fal, submit, result } = await fixture();
  const train = async (archive: Blob, input: Json = {}, endpoint = PORTRAIT) => {
    const url = await fal.storage.upload(archive);
    return (await result(await submit(endpoint, { images_data_url: url, image_data_url: url, ...input })))
      .body;
  };
  expect(await train(archiveOf(4))).toHaveProperty('diffusers_lora_file');
  const clutter = {
    'a_mask.jpg': JPG,
    '__MACOSX/._b.jpg': JPG,
    'c.jpg': strToU8('no image'),
    'd.txt': strToU8('x'),
  };
  expect(firstDetail(await train(archiveOf(3, clutter)))).toMatchObject({
    type: 'archive_file_count_below_minimum',
    ctx: { min_count: 4, provided_count: 3 },
  });
  expect(firstDetail(await train(new Blob(['no zip at all'])))).toMatchObject({ type: 'invalid_archive' });

  const flux2 = 'fal-ai/flux-2-trainer';
  expect(firstDetail(await train(archiveOf(4), {}, flux2))).toMatchObject({
    loc: ['body', 'default_caption'],
  });
  expect(await train(archiveOf(4, { 'photo-1.txt': strToU8('ohwx') }), {}, flux2)).toHaveProperty(
    'config_file',
  );
});

test('an archive on loopback is fetched where that is allowed, with a limit', async () => {
  const archive = Buffer.from(await archiveOf(5).arrayBuffer());
  const host = await startFileHost();
  onTestFinished(() => host.close());
  host.serve('/photos.zip', archive);
  host.serve('/huge.zip', Buffer.alloc(5_000));
  const base = host.url.replace('127.0.0.1', 'localhost');
  const { submit, result } = await fixture({ maxFileBytes: 4_000, opensLoopback: true });
  const train = async (url: string) => (await result(await submit(PORTRAIT, { images_data_url: url }))).body;
  expect(await train(`${base}/photos.zip`)).toHaveProperty('diffusers_lora_file');
  expect(firstDetail(await train(`${base}/missing.zip`))).toMatchObject({ type: 'file_download_error' });
  expect(firstDetail(await train(`${base}/huge.zip`))).toMatchObject({
    type: 'file_too_large',
    ctx: { max_size: 4_000 },
  });
});

test('by default nothing but its own files is opened, so no answer tells which ports are open', async () => {
  const open = await startFileHost();
  onTestFinished(() => open.close());
  const { submit, result, simulator } = await fixture();
  const train = async (url: string) => result(await submit(PORTRAIT, { images_data_url: url }));
  const shape = ({ status, body, headers }: Awaited<ReturnType<typeof train>>) => {
    return [status, Object.keys(body), headers.get('x-fal-billable-units')];
  };
  const elsewhere = shape(await train(ELSEWHERE));
  expect(elsewhere[0]).toBe(200);
  // Port 9 is closed. The names are those that mean this machine, and the ways to write its address.
  for (const host of [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '127.1.2.3',
    '2130706433',
    '[::ffff:127.0.0.1]',
    '0',
  ]) {
    for (const port of [new URL(open.url).port, 9]) {
      expect(shape(await train(`http://${host}:${port}/a.zip`)), `${host}:${port}`).toEqual(elsewhere);
    }
  }
  expect(open.requests).toEqual([]);
  for (const path of ['files/none/a.zip', 'uploads/none', '__simulator/requests', '']) {
    expect(firstDetail((await train(`${simulator.url}/${path}`)).body)).toMatchObject({
      type: 'file_download_error',
    });
  }
});

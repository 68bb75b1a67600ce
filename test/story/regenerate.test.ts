import { afterAll, describe, expect, test } from 'vitest';
import { photos, type GenerationRow } from '../support/api-client.ts';
import { heldGeneration, imageResult, okFor } from '../support/runs-at-fal.ts';
import { RegenerateDocument, SentInputDocument } from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';
import type { RegenerateInput } from '../../src/generated/contract/graphql.ts';

const app = await startTestApp();
afterAll(() => app.close());

const portrait = await app.trainedAvatar();
const style = await app.trainedAvatar({ trainingType: 'STYLE' });

async function again(input: RegenerateInput) {
  return app.mutate(RegenerateDocument, input);
}

async function generationOf(input: RegenerateInput) {
  const result = await again(input);
  if (!('generation' in result)) throw new Error(`Refused: ${JSON.stringify(result)}`);
  return result.generation;
}

/** What fal was sent for the newest generation. With an error it is not known whether fal has its submit. */
function sentFor({ error }: GenerationRow): object {
  expect(error).toBeNull();
  return app.lastSubmit().body as object;
}

async function bytesAt(url: string | null): Promise<Buffer> {
  return Buffer.from(await (await fetch(url ?? '')).arrayBuffer());
}

const CHOSEN = {
  prompt: 'tea',
  size: 'LANDSCAPE_4_3',
  outputFormat: 'PNG',
  guidanceScale: 5,
  inferenceSteps: 20,
  strength: 0.7,
} as const;

test('without changes fal is sent the same input, and the picture is the same', async () => {
  const first = await app.generate({ avatarId: portrait.id, ...CHOSEN, waitSeconds: 20 });
  const sent = app.lastSubmit();

  const second = await generationOf({ generationId: first.id, waitSeconds: 20 });

  expect(app.lastSubmit()).toMatchObject({ endpoint: sent.endpoint, body: sent.body });
  expect(app.lastSubmit().body).toEqual(sent.body);
  expect(second.id).not.toBe(first.id);
  expect(second).toMatchObject({ status: 'COMPLETED', prompt: 'tea', seed: first.seed });
  expect(await bytesAt(second.imageUrl)).toEqual(await bytesAt(first.imageUrl));
});

test.each<[change: Partial<RegenerateInput>, sent: object]>([
  [{ prompt: 'coffee' }, { prompt: `${portrait.triggerPhrase}, coffee` }],
  [{ numImages: 2 }, { num_images: 2 }],
  [{ seed: 0 }, { seed: 0 }],
  [{ size: 'SQUARE' }, { image_size: 'square_hd' }],
  [{ width: 512, height: 640 }, { image_size: { width: 512, height: 640 } }],
  [{ outputFormat: 'JPEG' }, { output_format: 'jpeg' }],
  [{ guidanceScale: 0 }, { guidance_scale: 0 }],
  [{ inferenceSteps: 1 }, { num_inference_steps: 1 }],
  [{ strength: 0 }, { loras: [{ path: portrait.diffusersLoraFileUrl, scale: 0 }] }],
])('%j is all that changes', async (change, sent) => {
  const first = await app.generate({ avatarId: portrait.id, ...CHOSEN });
  const before = sentFor(first);

  const next = await generationOf({ generationId: first.id, ...change });

  expect(sentFor(next)).toEqual({ ...before, ...sent });
  const { prompt = 'tea', seed = first.seed } = change;
  expect(next).toMatchObject({ prompt, seed });
});

test('a finetune is used again with its own fields', async () => {
  const first = await app.generate({ avatarId: style.id, prompt: 'tea', size: 'PORTRAIT_16_9' });
  const before = sentFor(first);
  const change = { strength: 0.5, size: 'LANDSCAPE_16_9', outputFormat: 'PNG' } as const;

  const next = await generationOf({ generationId: first.id, ...change });

  const sent = { finetune_strength: 0.5, aspect_ratio: '16:9', output_format: 'png' };
  expect(sentFor(next)).toEqual({ ...before, ...sent });
});

test('a repetition can be repeated, and keeps the artifact of before a new training', async () => {
  const { id: avatarId, diffusersLoraFileUrl: path } = await app.trainedAvatar();
  const first = await app.generate({ avatarId, prompt: 'tea' });
  const sent = app.lastSubmit().body;
  const { diffusersLoraFileUrl } = await app.train({ avatarId, imagesUrl: photos(), trainer: 'FLUX_2' });
  expect(diffusersLoraFileUrl).not.toBe(path);

  const second = await generationOf({ generationId: first.id });
  const third = await generationOf({ generationId: second.id });

  expect(app.lastSubmit()).toMatchObject({ endpoint: 'fal-ai/flux-lora' });
  expect(app.lastSubmit().body).toEqual(sent);
  expect(await app.execute(SentInputDocument, { id: third.id })).toMatchObject({
    generation: { input: sent, seed: first.seed },
  });
});

test('the seed of fal’s response is sent, also one over 32 bits', async () => {
  const held = await heldGeneration(app, { avatarId: style.id, seed: 7 });
  await app.deliver(held, okFor(held.requestId, imageResult({ seed: 2 ** 48 + 1 })));

  const { generationId } = held;
  expect(await generationOf({ generationId })).toMatchObject({ seed: 2 ** 48 + 1 });
  expect(app.lastSubmit().body).toMatchObject({ seed: 2 ** 48 + 1 });
});

describe('a refusal starts nothing', async () => {
  const { id: generationId } = await app.generate({ avatarId: portrait.id, prompt: 'tea' });

  test.each<[what: string, input: Partial<RegenerateInput>, says: string[]]>([
    ['an empty prompt', { prompt: '' }, ['prompt', '1 to 4000 characters']],
    ['five images', { numImages: 5 }, ['numImages', '1 to 4']],
    [
      'a named size with pixels',
      { size: 'SQUARE', width: 512, height: 512 },
      ['size', 'no value together with width'],
    ],
    ['too many inference steps', { inferenceSteps: 51 }, ['inferenceSteps', '1 to 50']],
    ['a wait of minutes', { waitSeconds: 61 }, ['waitSeconds', '0 to 60']],
    ['an empty key', { idempotencyKey: '' }, ['idempotencyKey', '1 to 200 characters']],
  ])('of %s', async (_what, input, says) => {
    await expectRefusal({ generationId, ...input }, 'INVALID_INPUT', says);
  });

  test('of an option that the endpoint of the generation lacks', async () => {
    const { id } = await app.generate({ avatarId: style.id, prompt: 'tea' });
    const input = { generationId: id, guidanceScale: 3, inferenceSteps: 28, width: 512, height: 512 };
    const fields = ['guidanceScale', 'inferenceSteps', 'width', 'height'];
    await expectRefusal(input, 'INVALID_INPUT', ['fal-ai/flux-pro/v1.1-ultra-finetuned', ...fields]);
  });

  test.each(['gen_00000000000070008000000000000000', portrait.id, 'nonsense', '', 'gen_\u0000'])(
    'of a generation %j',
    (id) => expectRefusal({ generationId: id }, 'NOT_FOUND', []),
  );

  test('of a generation whose avatar was deleted', async () => {
    const { id: avatarId } = await app.trainedAvatar();
    const { id } = await app.generate({ avatarId, prompt: 'tea' });
    await app.deleteAvatar(avatarId);
    await expectRefusal({ generationId: id }, 'NOT_FOUND', []);
  });

  test('of fal', async () => {
    app.simulator.program({ scenario: 'submit-422', times: 1 });
    expect(await again({ generationId })).toMatchObject({ code: 'PROVIDER_REJECTED' });
    app.simulator.program({ scenario: 'submit-503', times: 1 });
    expect(await again({ generationId })).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  });

  async function expectRefusal(input: RegenerateInput, code: string, says: readonly string[]) {
    const before = app.simulator.requests().length;
    const result = await again(input);
    expect(result).toMatchObject({ code });
    for (const part of says) expect((result as { message: string }).message).toContain(part);
    expect(app.simulator.requests()).toHaveLength(before);
  }
});

test('a repeated key gives the same generation, and another input is IDEMPOTENCY_CONFLICT', async () => {
  const { id: generationId } = await app.generate({ avatarId: portrait.id, prompt: 'tea' });
  const other = await app.generate({ avatarId: portrait.id, prompt: 'tea' });
  const input = { generationId, size: 'SQUARE', idempotencyKey: 'again' } as const;
  const results = await Promise.all(Array.from({ length: 10 }, () => generationOf(input)));
  const before = app.simulator.requests().length;

  expect(new Set(results.map(({ id }) => id)).size).toBe(1);
  for (const change of [
    { size: 'PORTRAIT_4_3' } as const,
    { size: null },
    { seed: 1 },
    { prompt: 'tea' },
    { generationId: other.id },
  ])
    expect(await again({ ...input, ...change })).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  expect(app.simulator.requests()).toHaveLength(before);
});

import { afterAll, describe, expect, test } from 'vitest';
import { GenerateImagesDocument } from '../../src/generated/contract/graphql.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';
import type { GenerateImagesInput, GenerationFieldsFragment } from '../../src/generated/contract/graphql.ts';

const app = await startTestApp({ env: { LIMIT_IMAGES_PER_DAY: '60' } });
afterAll(() => app.close());

const portrait = await app.trainedAvatar();

async function generateImages(input: Partial<GenerateImagesInput>) {
  const variables = { input: { avatarId: portrait.id, items: [], ...input } };
  return (await app.execute(GenerateImagesDocument, variables)).generateImages;
}

async function resultsOf(input: Partial<GenerateImagesInput>) {
  const answer = await generateImages(input);
  if (!('results' in answer)) throw new Error(`Refused: ${JSON.stringify(answer)}`);
  return answer.results;
}

function generationIn(result: object | undefined): GenerationFieldsFragment {
  if (result === undefined || !('generation' in result))
    throw new Error(`Refused: ${JSON.stringify(result)}`);
  return result.generation as GenerationFieldsFragment;
}

function submits(): number {
  return app.simulator.requests().length;
}

test('each prompt becomes a generation of its own, in order, and `changes` shows all of them to the end', async () => {
  const changes = app.watchChanges({});
  await changes.until(({ __typename }) => __typename === 'CaughtUp', 'the start');

  const results = await resultsOf({
    items: [
      { prompt: 'tea' },
      { prompt: 'coffee', numImages: 2, seed: 7, size: 'SQUARE' },
      { prompt: 'milk', strength: 0.5 },
    ],
  });

  const made = results.map(generationIn);
  expect(made.map(({ prompt }) => prompt)).toEqual(['tea', 'coffee', 'milk']);
  expect(new Set(made.map(({ id }) => id)).size).toBe(3);
  const ended = new Set<string>();
  await changes.until((event) => {
    if ('generation' in event && event.generation.status === 'COMPLETED') ended.add(event.generation.id);
    return ended.size === made.length;
  }, 'the end of all');
  expect(ended).toEqual(new Set(made.map(({ id }) => id)));
  await changes.stop();
  const bodies = app.simulator
    .requests()
    .slice(-3)
    .map(({ body }) => body);
  expect(bodies).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ prompt: `${portrait.triggerPhrase}, coffee`, num_images: 2, seed: 7 }),
      expect.objectContaining({ prompt: `${portrait.triggerPhrase}, milk` }),
    ]),
  );
});

test('with waitSeconds it returns when all have ended', async () => {
  const results = await resultsOf({ items: [{ prompt: 'tea' }, { prompt: 'coffee' }], waitSeconds: 20 });
  expect(results.map((result) => generationIn(result).status)).toEqual(['COMPLETED', 'COMPLETED']);
});

test('a refused item names its place and stops no other', async () => {
  const before = submits();
  const results = await resultsOf({
    items: [
      { prompt: 'tea' },
      { prompt: '' },
      { prompt: 'tea', inferenceSteps: 51 },
      { prompt: 'tea [[submit-422]]' },
      { prompt: 'coffee' },
    ],
  });

  expect(results.map(({ __typename }) => __typename)).toEqual([
    'GenerateImagePayload',
    'InvalidInputError',
    'InvalidInputError',
    'ProviderRejectedError',
    'GenerateImagePayload',
  ]);
  expect(results[1]).toMatchObject({
    message: expect.stringContaining('items.1.prompt: expected a text') as string,
  });
  expect(results[2]).toMatchObject({
    message: expect.stringContaining('items.2.inferenceSteps: expected') as string,
  });
  expect(submits()).toBe(before + 3);
});

describe('a repeat with the same key', () => {
  test('gives the same generations and starts nothing, however many come at once', async () => {
    const input = { items: [{ prompt: 'tea' }, { prompt: 'tea' }], idempotencyKey: 'batch' };
    const before = submits();
    const answers = await Promise.all(Array.from({ length: 5 }, () => resultsOf(input)));
    const ids = answers.map((results) => results.map((result) => generationIn(result).id).join());
    expect(new Set(ids).size).toBe(1);
    expect(new Set(ids[0]?.split(',')).size).toBe(2);
    expect(submits()).toBe(before + 2);
  });

  test('refuses an item that differs, starts one that was refused, and shares no key with generateImage', async () => {
    const key = { idempotencyKey: 'repaired' };
    const [first] = await resultsOf({ items: [{ prompt: 'tea' }, { prompt: '' }], ...key });
    const again = await resultsOf({ items: [{ prompt: 'tea' }, { prompt: 'coffee' }], ...key });
    expect(generationIn(again[0]).id).toBe(generationIn(first).id);
    expect(generationIn(again[1]).prompt).toBe('coffee');

    const [differs] = await resultsOf({ items: [{ prompt: 'milk' }], ...key });
    expect(differs).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    for (const idempotencyKey of ['repaired', ' 0 repaired']) {
      const { id } = await app.generate({ avatarId: portrait.id, prompt: 'tea', idempotencyKey });
      expect(id).not.toBe(generationIn(first).id);
    }
  });
});

describe('the whole call is refused, and starts nothing,', () => {
  const many = Array.from({ length: 11 }, () => ({ prompt: 'tea' }));
  test.each<[what: string, input: Partial<GenerateImagesInput>, code: string, says: string]>([
    ['without items', { items: [] }, 'INVALID_INPUT', 'items: expected a list of 1 to 10 items'],
    ['with eleven items', { items: many }, 'INVALID_INPUT', 'items: expected a list of 1 to 10 items'],
    ['with a long wait', { items: [{ prompt: 'tea' }], waitSeconds: 61 }, 'INVALID_INPUT', 'waitSeconds'],
    ['with an empty key', { items: [{ prompt: 'tea' }], idempotencyKey: '' }, 'INVALID_INPUT', 'idempotency'],
    ['for no avatar', { avatarId: 'nonsense', items: [{ prompt: 'tea' }] }, 'NOT_FOUND', 'no avatar'],
  ])('%s', async (_what, input, code, says) => {
    const before = submits();
    expect(await generateImages(input)).toMatchObject({
      code,
      message: expect.stringContaining(says) as string,
    });
    expect(submits()).toBe(before);
  });

  test('for an avatar without an artifact', async () => {
    const { id: avatarId } = await app.newAvatar();
    const input = { avatarId, items: [{ prompt: 'tea' }] };
    expect(await generateImages(input)).toMatchObject({ code: 'NOT_READY' });
  });
});

describe('each item counts towards a limit by itself, in order', () => {
  test('of images a day', async () => {
    const limited = await startTestApp({ env: { LIMIT_IMAGES_PER_DAY: '5' } });
    try {
      const { id: avatarId } = await limited.trainedAvatar();
      const items = [1, 2, 3, 1, 2].map((numImages, index) => ({ prompt: `tea ${index}`, numImages }));
      const answer = await limited.mutate(GenerateImagesDocument, { avatarId, items });
      expect(answer).toMatchObject({
        results: [
          { __typename: 'GenerateImagePayload' },
          { __typename: 'GenerateImagePayload' },
          { code: 'LIMIT_EXCEEDED' },
          { __typename: 'GenerateImagePayload' },
          { code: 'LIMIT_EXCEEDED' },
        ],
      });
    } finally {
      await limited.close();
    }
  });

  test('of money', async () => {
    // A training with the default steps costs $6, and an image $0.035.
    const limited = await startTestApp({ env: { LIMIT_USD_PER_DAY: '6.12' } });
    try {
      const { id: avatarId } = await limited.newAvatar();
      await limited.train({ avatarId, imagesUrl: photos() });
      const items = Array.from({ length: 4 }, () => ({ prompt: 'tea', size: 'SQUARE' as const }));
      const before = limited.simulator.requests().length;
      const answers = await Promise.all(
        Array.from({ length: 3 }, () =>
          limited.execute(GenerateImagesDocument, { input: { avatarId, items } }),
        ),
      );
      const results = answers.flatMap(({ generateImages: answer }) =>
        'results' in answer ? answer.results : [],
      );
      expect(results.filter((result) => 'generation' in result)).toHaveLength(3);
      expect(results.filter((result) => 'code' in result && result.code === 'LIMIT_EXCEEDED')).toHaveLength(
        9,
      );
      expect(limited.simulator.requests()).toHaveLength(before + 3);
    } finally {
      await limited.close();
    }
  });
});

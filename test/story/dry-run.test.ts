import { afterAll, describe, expect, test } from 'vitest';
import { everyRow } from '../support/rows-of-every-table.ts';
import { photos } from '../support/api-client.ts';
import {
  PlanImageDocument,
  PlanRegenerationDocument,
  PlanTrainingDocument,
  RegenerateDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';
import type {
  DryRunFieldsFragment,
  GenerateImageInput,
  RegenerateInput,
  StartTrainingInput,
} from '../../src/generated/contract/graphql.ts';

const app = await startTestApp({
  env: { LIMIT_TRAININGS_PER_DAY: '10', LIMIT_IMAGES_PER_DAY: '40', LIMIT_RUNNING_TRAININGS: '5' },
});
afterAll(() => app.close());

const portrait = await app.trainedAvatar();

async function planTraining(input: Partial<StartTrainingInput>) {
  const variables = { input: { avatarId: portrait.id, imagesUrl: photos(), dryRun: true, ...input } };
  return (await app.execute(PlanTrainingDocument, variables)).startTraining;
}

async function planImage(input: Partial<GenerateImageInput>) {
  const variables = { input: { avatarId: portrait.id, prompt: 'tea', dryRun: true, ...input } };
  return (await app.execute(PlanImageDocument, variables)).generateImage;
}

async function planRegeneration(input: RegenerateInput) {
  return app.mutate(PlanRegenerationDocument, { dryRun: true, ...input });
}

function dryRunOf(result: object): DryRunFieldsFragment {
  if ('warnings' in result) return result as DryRunFieldsFragment;
  throw new Error(`No dry run: ${JSON.stringify(result)}`);
}

function codesOf({ warnings }: DryRunFieldsFragment): string[] {
  return warnings.map(({ code }) => code);
}

describe('a dry run', () => {
  test('of a training shows what the call then sends, and its cost', async () => {
    const input = { avatarId: portrait.id, imagesUrl: photos(), steps: 1500, idempotencyKey: 'planned' };
    const plan = dryRunOf(await planTraining(input));

    expect(plan).toMatchObject({
      endpoint: 'fal-ai/flux-lora-portrait-trainer',
      warnings: [],
      cost: { usd: 3.6, quantity: 1500, unit: 'STEP', usdPerUnit: 0.0024, source: 'THIRD_PARTY' },
    });
    expect(plan.cost?.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    // The key is still free.
    const startTraining = await app.mutate(StartTrainingDocument, input);
    expect(startTraining).toHaveProperty('avatar');
    expect(app.lastSubmit()).toMatchObject({ endpoint: plan.endpoint, body: plan.input });
    await app.settled(portrait.id);
  });

  test('of a training with fal’s default counts the default steps', async () => {
    const plan = dryRunOf(await planTraining({}));
    expect(plan.cost).toMatchObject({ usd: 6, quantity: 2500 });
    expect(plan.input).not.toHaveProperty('steps');
  });

  test('of a trainer without a price says that the cost is unknown, and names the alternative', async () => {
    const { id: avatarId } = await app.newAvatar({ trainingType: 'STYLE' });
    const plan = dryRunOf(await planTraining({ avatarId, trainer: 'FLUX_PRO' }));
    expect(plan).toMatchObject({ endpoint: 'fal-ai/flux-pro-trainer', cost: null });
    expect(codesOf(plan)).toEqual(['TRAINER_DEPRECATED', 'PRICE_UNKNOWN']);
    expect(plan.warnings[0]?.message).toContain('FLUX_LORA_FAST');
  });

  test('of images shows what the call then sends, and its cost', async () => {
    const input = { prompt: 'tea', seed: 7, numImages: 3, width: 1024, height: 1025 };
    const plan = dryRunOf(await planImage(input));
    expect(plan).toMatchObject({
      endpoint: 'fal-ai/flux-lora',
      warnings: [
        { code: 'TRIGGER_PHRASE_ADDED', message: expect.stringContaining(portrait.triggerPhrase) as string },
      ],
      cost: { usd: 0.21, quantity: 6, unit: 'MEGAPIXEL', usdPerUnit: 0.035, source: 'MODEL_PAGE' },
    });
    await app.generate({ avatarId: portrait.id, ...input, waitSeconds: 30 });
    expect(app.lastSubmit()).toMatchObject({ endpoint: plan.endpoint, body: plan.input });
  });

  test('of images without a seed calls its seed an example', async () => {
    const plan = dryRunOf(await planImage({ prompt: `${portrait.triggerPhrase} with tea` }));
    expect(codesOf(plan)).toEqual(['SEED_IS_EXAMPLE']);
    expect(plan.input).toHaveProperty('seed');
  });

  test('of a repeated generation shows what the call then sends', async () => {
    const { id: generationId } = await app.generate({
      avatarId: portrait.id,
      prompt: 'tea',
      numImages: 2,
      waitSeconds: 30,
    });
    const change = { generationId, prompt: 'coffee', size: 'SQUARE' } as const;
    const plan = dryRunOf(await planRegeneration(change));
    expect(plan.cost).toMatchObject({ usd: 0.07, quantity: 2 });
    expect(codesOf(plan)).toEqual(['TRIGGER_PHRASE_ADDED']);
    expect(codesOf(dryRunOf(await planRegeneration({ generationId })))).toEqual([]);
    await app.mutate(RegenerateDocument, { ...change, waitSeconds: 30 });
    expect(app.lastSubmit()).toMatchObject({ endpoint: plan.endpoint, body: plan.input });
  });

  test('sends and writes nothing', async () => {
    const { id: generationId } = await app.generate({
      avatarId: portrait.id,
      prompt: 'tea',
      waitSeconds: 30,
    });
    const rows: object[] = [];
    const snapshot = () => app.restart(async ({ pool }) => void rows.push(await everyRow(pool)));
    await snapshot();
    const before = app.simulator.requests().length;
    const idempotencyKey = 'never used';
    dryRunOf(await planTraining({ idempotencyKey }));
    dryRunOf(await planImage({ idempotencyKey, waitSeconds: 30 }));
    dryRunOf(await planRegeneration({ generationId, idempotencyKey }));
    await snapshot();

    expect(app.simulator.requests()).toHaveLength(before);
    expect(rows[1]).toEqual(rows[0]);
  });

  test('of a call that was made with the same key says that it would start nothing', async () => {
    const input = { avatarId: portrait.id, prompt: 'tea', seed: 1, idempotencyKey: 'made' };
    await app.generate(input);
    expect(codesOf(dryRunOf(await planImage(input)))).toContain('REPEATED_CALL');
    expect(await planImage({ ...input, seed: 2 })).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  });
});

describe('a dry run is refused as the call would be', () => {
  test.each<[code: string, plan: () => Promise<object>]>([
    ['NOT_FOUND', () => planTraining({ avatarId: 'avt_00000000000070008000000000000000' })],
    ['NOT_FOUND', () => planImage({ avatarId: 'nonsense' })],
    ['NOT_FOUND', () => planRegeneration({ generationId: 'gen_00000000000070008000000000000000' })],
    ['NOT_READY', async () => planImage({ avatarId: (await app.newAvatar()).id })],
    ['INVALID_INPUT', () => planTraining({ steps: 0 })],
    ['INVALID_INPUT', () => planTraining({ trainer: 'FLUX_PRO' })],
    ['INVALID_INPUT', () => planTraining({ imagesUrl: 'ftp://photos.example' })],
    ['INVALID_INPUT', () => planImage({ numImages: 5 })],
    ['INVALID_INPUT', () => planImage({ prompt: '' })],
    ['INVALID_INPUT', () => planImage({ inferenceSteps: 51 })],
  ])('with %s', async (code, plan) => {
    expect(await plan()).toMatchObject({ code });
  });

  test('with CONFLICT while a training is open', async () => {
    const { id: avatarId } = await app.newAvatar();
    await app.startTraining({ avatarId, imagesUrl: photos('stuck') });
    expect(await planTraining({ avatarId })).toMatchObject({ code: 'CONFLICT' });
  });

  test('with LIMIT_EXCEEDED over a limit, after warnings near it', async () => {
    const { id: avatarId } = await app.newAvatar();
    const results: string[] = [];
    for (let run = 0; run < 10; run += 1) {
      const result = await planTraining({ avatarId });
      if ('code' in result) {
        results.push(result.code);
        break;
      }
      const near = dryRunOf(result).warnings.filter(({ code }) => code === 'LIMIT_NEAR');
      results.push(...near.map(({ message }) => message));
      await app.train({ avatarId, steps: 1 });
    }
    expect(results).toEqual([
      'Left after this run: 1 of 10 trainings in 24 hours.',
      'Left after this run: 0 of 10 trainings in 24 hours.',
      'LIMIT_EXCEEDED',
    ]);
  });
});

import { afterAll, describe, expect, test } from 'vitest';
import {
  GenerateImageDocument,
  StartTrainingDocument,
  type GenerateImageInput,
  type StartTrainingInput,
} from '../../src/generated/contract/graphql.ts';
import { atOnce } from '../support/at-once.ts';
import { okFor } from '../support/runs-at-fal.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

const style = await app.trainedAvatar({ trainingType: 'STYLE' });

const AT_ONCE = 20;

async function training(input: StartTrainingInput) {
  return app.mutate(StartTrainingDocument, input);
}

async function image(input: GenerateImageInput) {
  return app.mutate(GenerateImageDocument, input);
}

/** An archive's address that no other test uses. */
function photosOf(avatarId: string): string {
  return `https://photos.example/${avatarId}.zip`;
}

describe('without a key', () => {
  test(`${AT_ONCE} trainings of an avatar at once are one submit, and the others CONFLICT`, async () => {
    const { id } = await app.newAvatar();
    // A run that ended meanwhile would rightly leave room for the next.
    const imagesUrl = `${photosOf(id)}?scenario=stuck`;

    const results = await atOnce(AT_ONCE, () => training({ avatarId: id, imagesUrl }));

    expect(app.submitsOf(imagesUrl)).toHaveLength(1);
    const refused = results.filter((result) => 'code' in result);
    expect(refused).toHaveLength(AT_ONCE - 1);
    for (const refusal of refused) expect(refusal).toMatchObject({ code: 'CONFLICT' });
    await app.cancelTraining(id);
    await app.settled(id);
    expect(await training({ avatarId: id, imagesUrl: photosOf(id) })).toHaveProperty('avatar');
  });

  test('the same image asked for twice is two images', async () => {
    const one = await image({ avatarId: style.id, prompt: 'tea' });
    const other = await image({ avatarId: style.id, prompt: 'tea' });

    expect(generationIdOf(one)).not.toBe(generationIdOf(other));
  });
});

describe('with a key', () => {
  test('a repeated training gets the first answer and starts nothing, also after its end', async () => {
    const { id } = await app.newAvatar();
    const input = { avatarId: id, imagesUrl: photosOf(id), idempotencyKey: `train ${id}` };

    const first = await training(input);
    const again = await training(input);
    expect(again).toMatchObject({ avatar: { id, falRequestId: requestIdOf(first) } });

    const done = await app.settled(id);
    expect(await training(input)).toEqual({ __typename: 'StartTrainingPayload', avatar: done });
    expect(app.submitsOf(input.imagesUrl)).toHaveLength(1);
  });

  test(`${AT_ONCE} repeats of a training at once are one submit and one answer`, async () => {
    const { id } = await app.newAvatar();
    const input = { avatarId: id, imagesUrl: photosOf(id), idempotencyKey: `train ${id}` };

    const results = await atOnce(AT_ONCE, () => training(input));

    expect(app.submitsOf(input.imagesUrl)).toHaveLength(1);
    expect(new Set(results.map(requestIdOf)).size).toBe(1);
    expect(requestIdOf(results[0])).not.toBeNull();
  });

  test(`${AT_ONCE} repeats of a generation at once are one submit and one generation`, async () => {
    const prompt = 'tea for twenty';
    const input = { avatarId: style.id, prompt, idempotencyKey: 'tea' };

    const results = await atOnce(AT_ONCE, () => image(input));

    expect(new Set(results.map(generationIdOf)).size).toBe(1);
    expect(app.submitsOf(prompt)).toHaveLength(1);
  });

  test('a repeat may wait for the image that the first call did not wait for', async () => {
    const input = { avatarId: style.id, prompt: 'cocoa', idempotencyKey: 'cocoa' };
    const first = await image(input);

    const again = await image({ ...input, waitSeconds: 20 });

    expect(again).toMatchObject({ generation: { id: generationIdOf(first), status: 'COMPLETED' } });
  });

  test('another input under the same key is IDEMPOTENCY_CONFLICT, and starts nothing', async () => {
    const { id } = await app.newAvatar();
    const input = { avatarId: id, imagesUrl: photosOf(id), idempotencyKey: `train ${id}` };
    await training(input);
    const before = app.simulator.requests().length;

    const others = [
      await training({ ...input, imagesUrl: photos() }),
      await training({ ...input, steps: 100 }),
      await training({ ...input, trainer: 'FLUX_LORA_FAST' }),
      await training({ ...input, avatarId: style.id }),
      await image({ avatarId: style.id, prompt: 'tea', idempotencyKey: input.idempotencyKey }),
    ];

    for (const other of others) expect(other).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(app.simulator.requests()).toHaveLength(before);
  });

  test('another size, format or number of steps is another image', async () => {
    const { id: avatarId } = await app.trainedAvatar();
    const input = { avatarId, prompt: 'tea', idempotencyKey: 'sized' } as const;
    const first = await image({ ...input, size: 'SQUARE' });
    const before = app.simulator.requests().length;

    const others = [
      await image(input),
      await image({ ...input, size: 'PORTRAIT_4_3' }),
      await image({ ...input, width: 1024, height: 1024 }),
      await image({ ...input, size: 'SQUARE', outputFormat: 'PNG' }),
      await image({ ...input, size: 'SQUARE', guidanceScale: 3.5 }),
      await image({ ...input, size: 'SQUARE', inferenceSteps: 28 }),
      await image({ ...input, size: 'SQUARE', seed: 7 }),
    ];
    const again = await image({ ...input, size: 'SQUARE' });

    for (const other of others) expect(other).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(again).toMatchObject({ generation: { id: generationIdOf(first), seed: seedOf(first) } });
    expect(app.simulator.requests()).toHaveLength(before);
  });

  test('a key whose call fal refused is free again', async () => {
    const { id } = await app.newAvatar();
    const imagesUrl = `${photosOf(id)}?scenario=stuck-in-queue`;
    const input = { avatarId: id, imagesUrl, idempotencyKey: `train ${id}` };
    app.simulator.program({ scenario: 'submit-503', times: 1 });
    expect(await training(input)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });

    expect(await training(input)).toMatchObject({ avatar: { status: 'QUEUED', error: null } });
    const run = app.lastRun();
    await app.deliver(run, okFor(run.requestId));
    expect(await app.avatarNow(id)).toMatchObject({ status: 'COMPLETED' });
  });

  test('a key whose call was refused for its input is free again', async () => {
    const key = { avatarId: style.id, idempotencyKey: 'once wrong' };
    expect(await image({ ...key, prompt: 'tea', numImages: 5 })).toMatchObject({ code: 'INVALID_INPUT' });

    expect(await image({ ...key, prompt: 'tea' })).toHaveProperty('generation');
  });

  test('a repeat of a submit with unknown outcome sends nothing', async () => {
    const { id } = await app.newAvatar();
    const imagesUrl = photos('html', 'silent');
    const input = { avatarId: id, imagesUrl, idempotencyKey: `train ${id}` };
    await training(input);

    const again = await training(input);

    expect(again).toMatchObject({ avatar: { error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } } });
    expect(app.submitsOf(imagesUrl)).toHaveLength(1);
  });
});

function requestIdOf(result: object | undefined): string | null {
  return (result as { avatar?: { falRequestId: string | null } }).avatar?.falRequestId ?? null;
}

function generationIdOf(result: object): string {
  const id = (result as { generation?: { id: string } }).generation?.id;
  if (id === undefined) throw new Error(`No generation: ${JSON.stringify(result)}`);
  return id;
}

function seedOf(result: object): number | null {
  return (result as { generation?: { seed: number | null } }).generation?.seed ?? null;
}

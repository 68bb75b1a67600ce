import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { cancelledAtFal, errorFor, heldGeneration, imageResult, okFor } from '../support/runs-at-fal.ts';
import {
  AnyNodeDocument,
  CancelGenerationDocument,
  DeleteGenerationDocument,
  GenerateImageDocument,
  GenerationByIdDocument,
  RegenerateDocument,
  TypedDocumentString,
} from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: { LIMIT_IMAGES_PER_DAY: '30' } });
afterAll(() => app.close());

let avatarId = '';
beforeAll(async () => {
  avatarId = (await app.trainedAvatar({ trainingType: 'STYLE' })).id;
});

async function cancel(generationId: string) {
  return app.mutate(CancelGenerationDocument, { generationId });
}

async function remove(generationId: string) {
  return app.mutate(DeleteGenerationDocument, { generationId });
}

async function now(id: string) {
  return (await app.execute(GenerationByIdDocument, { id })).generation;
}

describe('cancelling a generation', () => {
  test.each(['stuck-in-queue', 'stuck'])('that is %s stops its run and ends its stream', async (scenario) => {
    const { id: generationId } = await app.generate({ avatarId, prompt: `tea [[${scenario}]]` });
    const run = app.lastSubmit();
    const watch = app.watchGeneration({ generationId });
    const expected = scenario === 'stuck' ? 'RUNNING' : 'QUEUED';
    await watch.until(({ status }) => status === expected);

    expect(await cancel(generationId)).toHaveProperty('generation');

    expect((await watch.ended()).at(-1)).toMatchObject({ status: 'CANCELLED', error: null, images: [] });
    await cancelledAtFal(app, run.requestId);
  });

  test('twice is the same as once', async () => {
    const { id } = await app.generate({ avatarId, prompt: 'tea [[stuck-in-queue]]' });
    await cancel(id);
    const watch = app.watchGeneration({ generationId: id });
    await watch.ended();
    const cancelled = await now(id);
    expect(await cancel(id)).toMatchObject({ generation: { version: cancelled?.version } });
    expect(await now(id)).toEqual(cancelled);
  });

  test('that has ended is a CONFLICT and changes nothing', async () => {
    const { id } = await app.generate({ avatarId, waitSeconds: 20 });
    const done = await now(id);
    const message = expect.stringContaining('COMPLETED') as string;
    expect(await cancel(id)).toMatchObject({ code: 'CONFLICT', message });
    expect(await now(id)).toEqual(done);
  });

  test('that fal goes on with all the same ends COMPLETED', async () => {
    const prompt = 'tea [[cancel-ignored,stuck-in-queue]]';
    const held = await heldGeneration(app, { avatarId, prompt });
    expect(await cancel(held.generationId)).toMatchObject({ generation: { status: 'QUEUED' } });
    await app.deliver(held, okFor(held.requestId, imageResult()));
    expect(await now(held.generationId)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('deleting a generation', () => {
  test('makes it gone at once, ends its stream and stops its run', async () => {
    const { id: generationId } = await app.generate({ avatarId, prompt: 'tea [[stuck]]' });
    const run = app.lastSubmit();
    const watch = app.watchGeneration({ generationId });
    await watch.until(({ status }) => status === 'RUNNING');

    expect(await remove(generationId)).toMatchObject({ deletedGenerationId: generationId });

    expect(await now(generationId)).toBeNull();
    expect(await app.execute(AnyNodeDocument, { id: generationId })).toEqual({ node: null });
    await watch.ended();
    await cancelledAtFal(app, run.requestId);
    const regenerate = await app.mutate(RegenerateDocument, { generationId });
    expect(regenerate).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('cannot be undone by a webhook that comes late', async () => {
    const held = await heldGeneration(app, { avatarId, prompt: 'tea [[stuck-in-queue,silent]]' });
    await remove(held.generationId);
    for (const body of [okFor(held.requestId, imageResult()), errorFor(held.requestId)])
      expect(await app.deliver(held, body)).toBe(200);
    expect(await now(held.generationId)).toBeNull();
  });

  test('while its caller waits for it is an answer for that caller', async () => {
    const before = app.simulator.requests().length;
    const input = { avatarId, prompt: 'tea [[stuck]]', waitSeconds: 20, idempotencyKey: 'waits' };
    const waiting = app.ask(GenerateImageDocument, { input });
    const generationId = await idOfNext(before);
    const watch = app.watchGeneration({ generationId });
    await watch.until(({ status }) => status === 'RUNNING');
    await remove(generationId);
    const { data } = await waiting;
    expect(data?.generateImage).toMatchObject({ code: 'NOT_FOUND' });
    const again = await app.execute(GenerateImageDocument, { input });
    expect(again.generateImage).toMatchObject({ code: 'NOT_FOUND' });
    expect(app.simulator.requests()).toHaveLength(before + 1);
  });

  test('leaves nothing of its input, and gives no image of the day back', async () => {
    const { id } = await app.generate({ avatarId, numImages: 4, waitSeconds: 20 });
    await remove(id);
    let spent = 0;
    await app.restart(async ({ prisma }) => {
      const jobs = await prisma.job.findMany({ where: { kind: 'GENERATION' } });
      spent = jobs.reduce((sum, { units }) => sum + units, 0);
      expect(jobs.filter(({ generationId }) => generationId === null)).not.toEqual([]);
      for (const { generationId, input } of jobs) if (generationId === null) expect(input).toEqual({});
    });
    expect(spent).toBeGreaterThanOrEqual(4);
    for (; spent + 4 <= 30; spent += 4) await app.generate({ avatarId, numImages: 4 });
    const input = { avatarId, prompt: 'tea', numImages: 4 };
    const generateImage = await app.mutate(GenerateImageDocument, input);
    expect(generateImage).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('twice is NOT_FOUND', async () => {
    const { id } = await app.generate({ avatarId, prompt: 'tea' });
    await remove(id);
    expect(await remove(id)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await cancel(id)).toMatchObject({ code: 'NOT_FOUND' });
  });
});

test.each(['gen_00000000000070008000000000000000', 'nonsense', '', 'gen_\u0000'])(
  'the id %j is NOT_FOUND',
  async (id) => {
    expect(await cancel(id)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await remove(id)).toMatchObject({ code: 'NOT_FOUND' });
  },
);

type Newest = { readonly avatar: { readonly generations: { readonly edges: { node: { id: string } }[] } } };
const NEWEST = new TypedDocumentString<Newest, { id: string }>(
  'query ($id: ID!) { avatar(id: $id) { generations(first: 1) { edges { node { id } } } } }',
);

/** Of the generation whose submit is the next one that fal receives. */
function idOfNext(submitsBefore: number): Promise<string> {
  return eventually('the generation to be at fal', async () => {
    if (app.simulator.requests().length === submitsBefore) return null;
    const { avatar } = await app.execute(NEWEST, { id: avatarId });
    return avatar.generations.edges[0]?.node.id ?? null;
  });
}

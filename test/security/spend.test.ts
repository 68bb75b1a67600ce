import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  CreateAvatarDocument,
  GenerateImageDocument,
  RegenerateDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { rawCaller } from '../support/raw-graphql.ts';
import { sqlStatements } from '../support/sql-statements.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const PARALLEL = 12;

const app: TestApp = await startTestApp({
  env: {
    AUTH_JWT_SECRET: JWT_SECRET,
    LIMIT_RUNNING_TRAININGS: '3',
    LIMIT_TRAININGS_PER_DAY: '5',
    LIMIT_IMAGES_PER_DAY: '10',
    LIMIT_TOTAL_TRAININGS_PER_DAY: '12',
    LIMIT_AVATARS_PER_OWNER: '14',
  },
});
afterAll(() => app.close());

async function train(token: string, imagesUrl: string) {
  const { id } = await app.newAvatar({}, { token });
  const data = await app.execute(StartTrainingDocument, { input: { avatarId: id, imagesUrl } }, { token });
  return data.startTraining;
}

function generationIdOf(result: object): string {
  return (result as { readonly generation?: { readonly id: string } }).generation?.id ?? '';
}

function codes(results: readonly object[]): string[] {
  return results.map((result) => ('code' in result ? String(result.code) : 'started'));
}

function count(results: readonly string[], wanted: string): number {
  return results.filter((result) => result === wanted).length;
}

describe('limits hold to the unit, however many ask at once', () => {
  test('trainings of one owner at the same time', async () => {
    const token = await tokenOf('at-once');
    const imagesUrl = 'https://photos.example/at-once.zip?scenario=stuck';
    const results = await Promise.all(Array.from({ length: PARALLEL }, () => train(token, imagesUrl)));

    expect(count(codes(results), 'started')).toBe(3);
    expect(count(codes(results), 'LIMIT_EXCEEDED')).toBe(PARALLEL - 3);
    expect(app.submitsOf(imagesUrl)).toHaveLength(3);
    const refusal = results.find((result) => 'code' in result);
    expect(refusal).toMatchObject({ message: expect.stringContaining('At most 3 trainings') as string });
  });

  test('images of one owner a day, each counted', async () => {
    const token = await tokenOf('images');
    const avatar = await app.trainedAvatar({}, { token });
    const results = await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        const input = { avatarId: avatar.id, prompt: 'tea', numImages: 3 };
        return app.mutate(GenerateImageDocument, input, { token });
      }),
    );

    // Three times three are nine; a fourth call would make twelve.
    expect(count(codes(results), 'started')).toBe(3);
    const refusal = results.find((result) => 'code' in result);
    expect(refusal).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/10 images are allowed in 24 hours.*9 are used.*after \d{4}-/) as string,
    });
    const one = { avatarId: avatar.id, prompt: 'the tenth' };
    const tenth = await app.execute(GenerateImageDocument, { input: one }, { token });
    expect(codes([tenth.generateImage])).toEqual(['started']);
    const repeated = { generationId: generationIdOf(tenth.generateImage) };
    const eleventh = await app.execute(RegenerateDocument, { input: repeated }, { token });
    expect(codes([eleventh.regenerate])).toEqual(['LIMIT_EXCEEDED']);
  });

  test('a training that fal refuses does not count', async () => {
    const token = await tokenOf('refused');
    const refused = 'https://photos.example/refused.zip?scenario=submit-422';
    // Six are more than a day's five. Three at a time, since they count while nobody knows yet.
    for (let round = 0; round < 2; round += 1) {
      const results = await Promise.all([1, 2, 3].map(() => train(token, refused)));
      expect(new Set(codes(results))).toEqual(new Set(['PROVIDER_REJECTED']));
    }
    expect(codes([await train(token, 'https://photos.example/good.zip')])).toEqual(['started']);
  });

  test('avatars of one owner, and one that is deleted makes room', async () => {
    const token = await tokenOf('collector');
    const create = async () => {
      const input = { name: 'Ada', trainingType: 'PORTRAIT' } as const;
      return app.mutate(CreateAvatarDocument, input, { token });
    };
    const results = await Promise.all(Array.from({ length: 20 }, create));

    expect(count(codes(results), 'started')).toBe(14);
    expect(count(codes(results), 'LIMIT_EXCEEDED')).toBe(6);
    const [made] = results.flatMap((result) => ('avatar' in result ? [result.avatar] : []));
    await app.deleteAvatar(made?.id ?? '', { token });
    expect(codes([await create(), await create()])).toEqual(['started', 'LIMIT_EXCEEDED']);
  });

  test('trainings of all owners together a day', async () => {
    const tokens = await Promise.all(
      Array.from({ length: PARALLEL }, (_, index) => tokenOf(`crowd-${index}`)),
    );
    const imagesUrl = 'https://photos.example/crowd.zip';
    const results = codes(await Promise.all(tokens.map((token) => train(token, imagesUrl))));

    // The tests above started five: three that are stuck, one for the images, one after the refused ones.
    expect(count(results, 'started')).toBe(12 - 5);
    expect(count(results, 'LIMIT_EXCEEDED')).toBe(PARALLEL - 7);
    expect(app.submitsOf(imagesUrl)).toHaveLength(7);
  });
});

test('an operation starts one run at most, whatever aliases and fragments it hides the others in', async () => {
  const token = await tokenOf('aliases');
  const { id: avatarId } = await app.newAvatar({}, { token });
  const { ask } = rawCaller(app.graphqlUrl, token);
  const imagesUrl = 'https://photos.example/aliases.zip';
  const call = `startTraining(input: { avatarId: "${avatarId}", imagesUrl: "${imagesUrl}" }) { __typename }`;
  const aliases = Array.from({ length: 15 }, (_, index) => `a${index}: ${call}`).join(' ');
  for (const query of [
    `mutation { ${aliases} }`,
    `mutation { ${call} ... on Mutation { b: ${call} } }`,
    `mutation { ...F ...F2 } fragment F on Mutation { a: ${call} } fragment F2 on Mutation { b: ${call} }`,
  ]) {
    expect((await ask(query)).text).toContain('at most one run');
  }
  expect(app.submitsOf(imagesUrl)).toHaveLength(0);
});

test('without a limit that counts for it, the start of a run waits for no other and counts none', async () => {
  const unlimited = await startTestApp({ env: { LIMIT_TRAININGS_PER_DAY: '5' } });
  onTestFinished(() => unlimited.close());
  const { id: avatarId } = await unlimited.newAvatar();
  const locksAndCounts = async (work: () => Promise<unknown>) => {
    const statements = await sqlStatements(work);
    return ['pg_advisory', 'sum(units)'].map((part) => statements.some((sql) => sql.includes(part)));
  };
  expect(await locksAndCounts(() => unlimited.train({ avatarId }))).toEqual([true, true]);
  const input = { avatarId, prompt: 'tea' };
  const generate = () => unlimited.execute(GenerateImageDocument, { input });
  expect(await locksAndCounts(generate)).toEqual([false, false]);
});

test('the trainings under way are counted for a training only, and with a limit on them only', async () => {
  const limited = await startTestApp({
    env: { LIMIT_RUNNING_TRAININGS: '5', LIMIT_TRAININGS_PER_DAY: '5', LIMIT_IMAGES_PER_DAY: '5' },
  });
  onTestFinished(() => limited.close());
  const { id: avatarId } = await limited.newAvatar();
  const countsThem = async (work: () => Promise<unknown>) =>
    (await sqlStatements(work)).some((sql) => sql.includes('open_training_avatar_id" IS NOT NULL'));
  expect(await countsThem(() => limited.train({ avatarId }))).toBe(true);
  const input = { avatarId, prompt: 'tea' };
  expect(await countsThem(() => limited.execute(GenerateImageDocument, { input }))).toBe(false);
});

test('the start of a run reads no response of fal to an earlier training', async () => {
  const unlimited = await startTestApp();
  onTestFinished(() => unlimited.close());
  const { id: avatarId } = await unlimited.trainedAvatar({ trainingType: 'STYLE' });
  const input = { avatarId, prompt: 'tea' };
  const statements = await sqlStatements(() => unlimited.execute(GenerateImageDocument, { input }));
  expect(statements.filter((sql) => /fal_response_data.* FROM "public"."avatars"/.test(sql))).toEqual([]);
});

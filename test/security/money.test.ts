import { afterAll, describe, expect, test } from 'vitest';
import {
  GenerateImageDocument,
  RegenerateDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import type { StartTrainingInput } from '../../src/generated/contract/graphql.ts';

const WITHOUT_OTHER_LIMITS = {
  ...NEVER_POLL,
  AUTH_JWT_SECRET: JWT_SECRET,
  LIMIT_RUNNING_TRAININGS: 'none',
  LIMIT_TRAININGS_PER_DAY: 'none',
  LIMIT_IMAGES_PER_DAY: 'none',
};
const PARALLEL = 20;

const own = await startTestApp({ env: { ...WITHOUT_OTHER_LIMITS, LIMIT_USD_PER_DAY: '0.50' } });
afterAll(() => own.close());

/** $0.0024 a step. */
async function train(app: TestApp, token: string, input: Partial<StartTrainingInput>) {
  const { id: avatarId } = await app.newAvatar({}, { token });
  const variables = { input: { avatarId, imagesUrl: photos('stuck-in-queue'), ...input } };
  return (await app.execute(StartTrainingDocument, variables, { token })).startTraining;
}

function started(results: readonly object[]): number {
  const refused = results.filter((result) => 'code' in result);
  for (const refusal of refused) expect(refusal).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  return results.length - refused.length;
}

describe('a limit of half a dollar a day', () => {
  test('allows exactly the images that fit, however many calls ask at once', async () => {
    const token = await tokenOf('images');
    const { id: avatarId } = await own.newAvatar({}, { token });
    await own.train({ avatarId, steps: 1 }, { token });
    const before = own.simulator.requests().length;
    const generate = async () => {
      const input = { avatarId, prompt: 'tea [[stuck-in-queue]]' };
      return own.mutate(GenerateImageDocument, input, { token });
    };
    const results = await Promise.all(Array.from({ length: PARALLEL }, generate));

    // $0.0024 and 14 times $0.035 are $0.4924; one more would be $0.5274.
    expect(started(results)).toBe(14);
    expect(own.simulator.requests()).toHaveLength(before + 14);
    const [refusal] = results.filter((result) => 'code' in result);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(
        /^At most \$0\.50 is allowed in 24 hours, \$0\.4924 was spent, and this run costs about \$0\.035\. Try again after \d{4}-/,
      ) as string,
    });
    // Trainings are counted with images, and $0.0076 are left.
    expect(await train(own, token, { steps: 4 })).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await train(own, token, { steps: 3 })).toHaveProperty('avatar');
    const [made] = results.flatMap((result) => ('generation' in result ? [result.generation] : []));
    const again = { input: { generationId: made?.id ?? '' } };
    expect(await own.execute(RegenerateDocument, again, { token })).toMatchObject({
      regenerate: { code: 'LIMIT_EXCEEDED' },
    });
  });

  test('is one owner’s own', async () => {
    const results = await Promise.all(
      ['one', 'another'].map(async (name) => train(own, await tokenOf(name), { steps: 208 })),
    );
    expect(started(results)).toBe(2);
  });

  test('counts no run that fal refuses', async () => {
    const token = await tokenOf('refused');
    for (let round = 0; round < 3; round += 1) {
      const refused = await train(own, token, { steps: 200, imagesUrl: photos('submit-422') });
      expect(refused).toMatchObject({ code: 'PROVIDER_REJECTED' });
    }
    expect(await train(own, token, { steps: 200 })).toHaveProperty('avatar');
  });

  test('refuses a run that costs more than all of it, and names no time', async () => {
    const refused = await train(own, await tokenOf('large'), {});
    expect(refused).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'At most $0.50 is allowed in 24 hours, $0 was spent, and this run costs about $6.',
    });
  });

  test('refuses a run with an unknown price, and sends nothing', async () => {
    const token = await tokenOf('stylist');
    const { id: avatarId } = await own.newAvatar({ trainingType: 'STYLE' }, { token });
    const before = own.simulator.requests().length;
    const input = { avatarId, imagesUrl: photos(), trainer: 'FLUX_PRO' } as const;
    const startTraining = await own.mutate(StartTrainingDocument, input, { token });
    expect(startTraining).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/\$0\.50 .*price of fal-ai\/flux-pro-trainer is unknown/) as string,
    });
    expect(own.simulator.requests()).toHaveLength(before);
  });

  test('names the time at which enough of the spent money stops counting', async () => {
    const token = await tokenOf('patient');
    await train(own, token, { steps: 50 });
    await train(own, token, { steps: 150 });
    const freeAt: string[] = [];
    await own.restart(async ({ pool }) => {
      const { rows } = await pool.query<{ free_at: Date }>(
        `UPDATE jobs SET created_at = created_at - CASE estimated_micro_usd WHEN 120000 THEN interval '23 hours' ELSE interval '1 hour' END
         WHERE owner_id = 'patient' RETURNING created_at + interval '1 day' AS free_at`,
      );
      freeAt.push(...rows.map((row) => row.free_at.toISOString()).sort());
    });
    // $0.48 were spent: $0.12 of it until the first time, $0.36 until the second.
    const messageOf = async (steps: number) => JSON.stringify(await train(own, token, { steps }));
    expect(await messageOf(50)).toContain(`Try again after ${freeAt[0]}`);
    expect(await messageOf(100)).toContain(`Try again after ${freeAt[1]}`);
  });
});

test('a limit of all owners together allows exactly the runs that fit, and reveals no amount', async () => {
  const app = await startTestApp({ env: { ...WITHOUT_OTHER_LIMITS, LIMIT_TOTAL_USD_PER_DAY: '0.60' } });
  try {
    const tokens = await Promise.all(
      Array.from({ length: PARALLEL }, (_, index) => tokenOf(`crowd-${index}`)),
    );
    const results = await Promise.all(tokens.map((token) => train(app, token, { steps: 25 })));

    // Of $0.06.
    expect(started(results)).toBe(10);
    expect(app.simulator.requests()).toHaveLength(10);
    const [refusal] = results.filter((result) => 'code' in result);
    expect(JSON.stringify(refusal)).toMatch(/spending limit of this server .*Try again after/);
    expect(JSON.stringify(refusal)).not.toMatch(/\$0\.6/);
  } finally {
    await app.close();
  }
});

import { afterAll, describe, expect, test } from 'vitest';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';
import { StartTrainingDocument, UsageDocument } from '../../src/generated/contract/graphql.ts';
import { DAY_MS } from '../../src/values/units.ts';

/** Polled: fal tells the units with the result, and not in a webhook. */
const app = await startTestApp({
  env: { AUTH_JWT_SECRET: JWT_SECRET, PUBLIC_URL: undefined, LIMIT_RUNNING_TRAININGS: 'none' },
});
afterAll(() => app.close());

const today = new Date().toISOString().slice(0, 10);
const yesterday = new Date(Date.parse(today) - DAY_MS).toISOString().slice(0, 10);
const LORA_TRAINER = 'fal-ai/flux-lora-portrait-trainer';

async function usageOf(token: string, from = yesterday, to = new Date().toISOString().slice(0, 10)) {
  return (await app.execute(UsageDocument, { from, to }, { token })).usage;
}

describe('the usage of an owner', () => {
  test('has its runs by endpoint, the units that fal bills, and exact costs', async () => {
    const token = await tokenOf('ada');
    const { id: avatarId } = await app.newAvatar({}, { token });
    await app.train({ avatarId, steps: 10 }, { token });
    for (const numImages of [1, 2])
      await app.generate({ avatarId, prompt: 'tea', numImages, waitSeconds: 30 }, { token });

    const usage = await usageOf(token);
    expect(usage).toEqual([
      {
        day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string,
        endpoint: 'fal-ai/flux-lora',
        runs: 2,
        images: 3,
        billableUnits: 3,
        billedRuns: 2,
        // As floats, 0.035 and 0.07 make 0.10500000000000001.
        estimatedUsd: 0.105,
        unknownRuns: 0,
      },
      {
        day: usage[0]?.day,
        endpoint: LORA_TRAINER,
        runs: 1,
        images: 0,
        billableUnits: 10,
        billedRuns: 1,
        estimatedUsd: 0.024,
        unknownRuns: 0,
      },
    ]);
    expect(await usageOf(await tokenOf('somebody else'))).toEqual([]);
  });

  test('counts runs with an unknown cost apart, open runs too, and none that fal refused', async () => {
    const token = await tokenOf('styles');
    const start = async (input: { imagesUrl: string; trainer?: 'FLUX_PRO' | 'FLUX_LORA_FAST' }) => {
      const { id: avatarId } = await app.newAvatar({ trainingType: 'STYLE' }, { token });
      return app.execute(StartTrainingDocument, { input: { avatarId, ...input } }, { token });
    };
    await start({ imagesUrl: photos('stuck'), trainer: 'FLUX_PRO' });
    await start({ imagesUrl: photos('submit-422'), trainer: 'FLUX_PRO' });
    await start({ imagesUrl: photos('stuck'), trainer: 'FLUX_LORA_FAST' });

    expect(await usageOf(token)).toMatchObject([
      { endpoint: 'fal-ai/flux-lora-fast-training', runs: 1, estimatedUsd: 2, unknownRuns: 0 },
      { endpoint: 'fal-ai/flux-pro-trainer', runs: 1, estimatedUsd: 0, unknownRuns: 1, billableUnits: null },
    ]);
  });

  test('is by day in UTC, with both days included', async () => {
    const token = await tokenOf('days');
    for (let run = 0; run < 3; run += 1) {
      const { id: avatarId } = await app.newAvatar({}, { token });
      await app.startTraining({ avatarId, imagesUrl: photos('stuck') }, { token });
    }
    const times = ['2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00Z', '2026-01-01T23:59:59.999Z'];
    await app.restart(async ({ pool }) => {
      await pool.query(
        `UPDATE jobs SET created_at = ($1::timestamptz[])[numbered.n]
         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM jobs WHERE owner_id = 'days') numbered
         WHERE jobs.id = numbered.id`,
        [times],
      );
    });
    const endpoint = LORA_TRAINER;
    expect(await usageOf(token, '2025-12-31', '2026-01-01')).toMatchObject([
      { day: '2025-12-31', endpoint, runs: 1, estimatedUsd: 6 },
      { day: '2026-01-01', endpoint, runs: 2, estimatedUsd: 12 },
    ]);
    expect(await usageOf(token, '2026-01-01', '2026-01-01')).toMatchObject([{ runs: 2 }]);
    expect(await usageOf(token, '2026-01-02', '2026-01-02')).toEqual([]);
    expect(await usageOf(token, '2025-12-31', '2026-04-01')).toHaveLength(2);
  });
});

describe('a query for usage is refused with INVALID_INPUT', () => {
  test.each([
    ['2026-01-02', '2026-01-01', 'to: expected 2026-01-02 or a later day'],
    ['2026-01-01', '2026-04-03', 'at most 92 days, got 93'],
    ['2026-02-30', '2026-03-01', 'from: expected a calendar day'],
    ['2026-01-01', '2026-13-01', 'to: expected a calendar day'],
    ['yesterday', 'today', 'from: expected a calendar day'],
    ['', '2026-01-01', 'from: expected a calendar day'],
    ['1999-12-31', '2000-01-01', 'from: expected a calendar day'],
    ['2026-01-01T00:00:00Z', '2026-01-01', 'from: expected a calendar day'],
    ['9'.repeat(5000), '2026-01-01', 'from: expected a calendar day'],
  ])('from %j to %j', async (from, to, says) => {
    const { data, errors } = await app.ask(UsageDocument, { from, to }, { token: await tokenOf('ada') });
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      { message: expect.stringContaining(says) as string, extensions: { code: 'INVALID_INPUT' } },
    ]);
  });

  test('for more entries than the limit', async () => {
    const token = await tokenOf('many');
    await app.restart(async ({ pool }) => {
      await pool.query(
        `INSERT INTO jobs (id, kind, owner_id, trainer, endpoint, input, token, next_poll_at, state, created_at, updated_at)
         SELECT 'job_many' || n, 'TRAINING', 'many', 'FLUX_2', 'e' || n, '{}', 'many' || n, null, 'COMPLETED',
           timestamptz '2026-01-01T00:00:00Z' + n % 2 * interval '1 day', now()
         FROM generate_series(1, 1001) n`,
      );
    });
    const call = { from: '2026-01-01', to: '2026-01-02' };
    const { errors } = await app.ask(UsageDocument, call, { token });
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining('at most 1000 entries') as string,
        extensions: { code: 'INVALID_INPUT' },
      },
    ]);
    expect(await usageOf(token, '2026-01-02', '2026-01-02')).toHaveLength(501);
  });
});

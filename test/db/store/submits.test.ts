import { expect, test } from 'vitest';
import { jobsDatabase } from '../../support/test-deps.ts';

const { add, read, testDeps } = await jobsDatabase();

const ALTERNATIVE = {
  trainer: 'FLUX_2',
  endpoint: 'fal-ai/other',
  input: {},
  estimatedMicroUsd: null,
} as const;

test('a job is switched to the alternative while its submit is under way', async () => {
  const { store } = testDeps();
  await add('job');
  expect(await store.switchTo('job', ALTERNATIVE)).toBe(true);
  expect(await read('job')).toMatchObject({ trainer: 'FLUX_2', endpoint: 'fal-ai/other', revision: 1 });
});

test.each<[what: string, columns: Parameters<typeof add>[1]]>([
  ['counts as one with unknown outcome', { state: 'SUBMIT_UNKNOWN' }],
  ['was cancelled', { cancelRequestedAt: new Date() }],
  ['lost its avatar', { avatarId: null }],
])('a job that %s is not switched, so that it starts no second run', async (_what, columns) => {
  const { store } = testDeps();
  await add('job', columns);
  expect(await store.switchTo('job', ALTERNATIVE)).toBe(false);
  expect(await read('job')).toMatchObject({ trainer: 'FLUX_LORA_PORTRAIT', revision: 0 });
});

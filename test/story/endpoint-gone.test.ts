import { describe, expect, onTestFinished, test } from 'vitest';
import {
  CancelTrainingDocument,
  PlanTrainingDocument,
  StartTrainingDocument,
  TypedDocumentString,
} from '../../src/generated/contract/graphql.ts';
import { isSubmit } from '../support/fault-proxy.ts';
import { photos } from '../support/api-client.ts';
import { okFor } from '../support/runs-at-fal.ts';
import { startTestApp, type TestApp, type TestAppOptions } from '../support/test-app.ts';
import type { ScenarioName } from '@likeness/fal-simulator';

const PRO = 'fal-ai/flux-pro-trainer';
const FAST = 'fal-ai/flux-lora-fast-training';
const NOTE = `fal has retired ${PRO}, so FLUX_LORA_FAST is used instead of FLUX_PRO.`;
const GONE = ['submit-404-gone', 'submit-410-deprecated'] as const;

type Shown = {
  avatar: {
    trainer: string | null;
    trainerNote: string | null;
    trainings: { edges: { node: { trainer: string; trainerNote: string | null; endpoint: string } }[] };
  };
};
const ShownDocument = new TypedDocumentString<Shown, { id: string }>(`query ($id: ID!) {
  avatar(id: $id) { trainer trainerNote trainings { edges { node { trainer trainerNote endpoint } } } }
}`);
const DefaultsDocument = new TypedDocumentString<
  { trainers: { name: string; defaultFor: string[] }[] },
  Record<string, never>
>('{ trainers { name defaultFor } }');

let app: TestApp;
/** The server of one test: fal's answers count for a day. */
async function start(options?: TestAppOptions): Promise<void> {
  app = await startTestApp(options);
  onTestFinished(() => app.close());
}

const submits = () => app.simulator.requests().map(({ endpoint, answered }) => [endpoint, answered]);

async function styleDefault(): Promise<string[]> {
  const { trainers } = await app.execute(DefaultsDocument, {});
  return trainers.filter(({ defaultFor }) => defaultFor.includes('STYLE')).map(({ name }) => name);
}

describe.each(GONE)('when fal answers %s', (scenario) => {
  test('a STYLE training is submitted once to the alternative, and the avatar says which trainer and why', async () => {
    await start();
    app.simulator.program({ endpoint: PRO, scenario, times: Infinity });
    const { id, triggerPhrase } = await app.newAvatar({ trainingType: 'STYLE' });

    const done = await app.train({ avatarId: id, steps: 120 });

    expect(submits()).toEqual([
      [PRO, scenario === GONE[0] ? 404 : 410],
      [FAST, 200],
    ]);
    const [first, second] = app.simulator.requests();
    expect(second?.body).toEqual({
      images_data_url: photos(),
      trigger_word: triggerPhrase,
      is_style: true,
      steps: 120,
    });
    expect(second?.webhookUrl).toBe(first?.webhookUrl);
    expect(done).toMatchObject({ status: 'COMPLETED', error: null, finetuneId: null });
    expect(await app.execute(ShownDocument, { id })).toEqual({
      avatar: {
        trainer: 'FLUX_LORA_FAST',
        trainerNote: NOTE,
        trainings: { edges: [{ node: { trainer: 'FLUX_LORA_FAST', trainerNote: NOTE, endpoint: FAST } }] },
      },
    });
  });
});

test('the answer counts for a day, on all instances and after a restart, and is then asked for again', async () => {
  await start();
  app.simulator.program({ endpoint: PRO, scenario: 'submit-404-gone', times: 1 });
  expect(await styleDefault()).toEqual(['FLUX_PRO']);
  await app.trainedAvatar({ trainingType: 'STYLE' });
  expect(await styleDefault()).toEqual(['FLUX_LORA_FAST']);

  await app.restart();
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });
  expect(submits().slice(2)).toEqual([[FAST, 200]]);
  expect(await app.execute(ShownDocument, { id })).toMatchObject({ avatar: { trainerNote: NOTE } });
  const startTraining = await app.mutate(PlanTrainingDocument, {
    avatarId: id,
    imagesUrl: photos(),
    dryRun: true,
  });
  expect(startTraining).toMatchObject({ endpoint: FAST });

  await app.restart(async ({ pool }) => {
    await pool.query(`UPDATE gone_endpoints SET said_at = now() - interval '25 hours'`);
  });
  expect(await styleDefault()).toEqual(['FLUX_PRO']);
  await app.trainedAvatar({ trainingType: 'STYLE' });
  expect(submits().slice(3)).toEqual([[PRO, 200]]);
});

test('a repeat with the same idempotency key is the training that the alternative runs', async () => {
  await start();
  app.simulator.program({ endpoint: PRO, scenario: 'submit-404-gone', times: Infinity });
  const { id: avatarId } = await app.newAvatar({ trainingType: 'STYLE' });
  const call = { avatarId, imagesUrl: photos('slow'), idempotencyKey: 'once' };

  const both = await Promise.all([app.startTraining(call), app.startTraining(call)]);
  await app.startTraining(call);

  expect(submits()).toHaveLength(2);
  expect(new Set(both.map(({ falRequestId }) => falRequestId)).size).toBe(1);
  await app.settled(avatarId);
});

test('an unanswered submit to the alternative is an unknown outcome of it, which its webhook resolves', async () => {
  await start();
  app.simulator.program({ endpoint: PRO, scenario: 'submit-404-gone', times: 1 });
  app.simulator.program({ endpoint: FAST, scenario: ['lost-answer', 'silent'], times: 1 });
  const { id } = await app.newAvatar({ trainingType: 'STYLE' });

  const started = await app.startTraining({ avatarId: id });
  expect(started).toMatchObject({ status: 'QUEUED', error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
  const node = { trainer: 'FLUX_LORA_FAST', trainerNote: NOTE, endpoint: FAST };
  expect(await app.execute(ShownDocument, { id })).toMatchObject({
    avatar: { trainer: null, trainerNote: NOTE, trainings: { edges: [{ node }] } },
  });

  const run = app.lastRun();
  await app.deliver(run, okFor(run.requestId));
  expect(await app.avatar(id)).toMatchObject({
    status: 'COMPLETED',
    diffusersLoraFileUrl: 'https://files.example/lora.safetensors',
  });
  expect(submits()).toHaveLength(2);
});

test('nothing is sent to the alternative after another refusal, or none', async () => {
  await start();
  const refusals = ['422', '500', '502', '503', '504', '429'].map(
    (status) => `submit-${status}` as ScenarioName,
  );
  // After the last one fal is left alone for a while.
  for (const scenario of ['lost-answer' as const, ...refusals]) {
    app.simulator.program({ endpoint: PRO, scenario, times: 1 });
    const before = submits().length;
    const { id } = await app.newAvatar({ trainingType: 'STYLE' });
    await app.mutate(StartTrainingDocument, { avatarId: id, imagesUrl: photos() });
    expect([
      scenario,
      ...submits()
        .slice(before)
        .map(([endpoint]) => endpoint),
    ]).toEqual([scenario, PRO]);
  }
  expect(await styleDefault()).toEqual(['FLUX_PRO']);
});

test('a caller who names the retired trainer gets fal’s refusal, and the name of another', async () => {
  await start();
  app.simulator.program({ endpoint: PRO, scenario: 'submit-404-gone', times: Infinity });
  const { id: avatarId } = await app.newAvatar({ trainingType: 'STYLE' });
  const input = { avatarId, imagesUrl: photos(), trainer: 'FLUX_PRO' } as const;
  const startTraining = await app.mutate(StartTrainingDocument, input);
  expect(startTraining).toMatchObject({
    code: 'PROVIDER_REJECTED',
    message: expect.stringContaining('FLUX_LORA_FAST') as string,
  });
  expect(submits()).toHaveLength(1);
});

test('when the alternative is gone too, the call is refused, and its key is free again', async () => {
  await start();
  for (const endpoint of [PRO, FAST])
    app.simulator.program({ endpoint, scenario: 'submit-404-gone', times: 1 });
  const { id: avatarId } = await app.newAvatar({ trainingType: 'STYLE' });
  const input = { avatarId, imagesUrl: photos(), idempotencyKey: 'k' };
  const startTraining = await app.mutate(StartTrainingDocument, input);
  expect(startTraining).toMatchObject({
    code: 'PROVIDER_REJECTED',
    message: expect.not.stringContaining('FLUX_LORA_FAST') as string,
  });
  expect(submits()).toHaveLength(2);
  // Nor is it recommended to a caller who names the first one.
  const named = { avatarId, imagesUrl: photos(), trainer: 'FLUX_PRO' } as const;
  app.simulator.program({ endpoint: PRO, scenario: 'submit-404-gone', times: 1 });
  expect(await app.execute(StartTrainingDocument, { input: named })).toMatchObject({
    startTraining: {
      code: 'PROVIDER_REJECTED',
      message: expect.not.stringContaining('FLUX_LORA_FAST') as string,
    },
  });
  expect(await app.avatar(avatarId)).toMatchObject({ status: 'DRAFT', error: null });
  expect(await app.train(input)).toMatchObject({ status: 'COMPLETED' });
});

test.each<[what: string, end: (avatarId: string) => Promise<unknown>]>([
  ['cancelled', (avatarId) => app.mutate(CancelTrainingDocument, { avatarId })],
  ['deleted with its avatar', (avatarId) => app.deleteAvatar(avatarId)],
])(
  'a training that is %s while fal’s response is on its way is not submitted to the alternative',
  async (_what, end) => {
    await start({ isProxied: true });
    app.simulator.program({ endpoint: PRO, scenario: 'submit-404-gone', times: 1 });
    const { id: avatarId } = await app.newAvatar({ trainingType: 'STYLE' });
    const submit = app.fal.holdRequests(isSubmit);
    const started = app.ask(StartTrainingDocument, { input: { avatarId, imagesUrl: photos() } });
    await submit.reached(1);
    await end(avatarId);
    submit.release();
    await started;
    expect(submits()).toEqual([[PRO, 404]]);
  },
);

test('with STYLE_TRAINER=FLUX_PRO no other trainer is tried', async () => {
  await start({ env: { STYLE_TRAINER: 'FLUX_PRO' } });
  app.simulator.program({ endpoint: PRO, scenario: 'submit-404-gone', times: Infinity });
  const { id: avatarId } = await app.newAvatar({ trainingType: 'STYLE' });
  const startTraining = await app.mutate(StartTrainingDocument, { avatarId, imagesUrl: photos() });
  expect(startTraining).toMatchObject({ code: 'PROVIDER_REJECTED' });
  expect(submits()).toEqual([[PRO, 404]]);
});

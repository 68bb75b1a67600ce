import { afterAll, describe, expect, test } from 'vitest';
import { errorFor, heldTraining, okFor } from '../support/runs-at-fal.ts';
import {
  AnyNodeDocument,
  PromoteDocument,
  StartTrainingDocument,
  TrainingByIdDocument,
  TrainingsDocument,
} from '../../src/generated/contract/graphql.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

async function trainingsOf(avatarId: string) {
  const { avatar } = await app.execute(TrainingsDocument, { avatarId });
  return (avatar?.trainings.edges ?? []).map(({ node }) => node);
}

async function promote(trainingId: string) {
  return app.mutate(PromoteDocument, { trainingId });
}

/** A style with a finetune, then a LoRA, and its trainings, oldest first. */
async function trainedTwice() {
  const first = await app.trainedAvatar({ trainingType: 'STYLE' });
  const second = await app.train({ avatarId: first.id, trainer: 'FLUX_LORA_FAST' });
  const [younger, older] = await trainingsOf(first.id);
  if (older === undefined || younger === undefined) throw new Error('There are no two trainings');
  return { avatarId: first.id, first, second, older, younger };
}

describe('the trainings of an avatar', () => {
  test('are listed newest first, each with what was sent and what came of it', async () => {
    const { id: avatarId } = await app.newAvatar({ trainingType: 'STYLE' });
    expect(await trainingsOf(avatarId)).toEqual([]);
    const done = await app.train({ avatarId });
    const { body: sent } = app.lastSubmit();
    const { version } = await app.startTraining({
      avatarId,
      imagesUrl: photos('stuck-in-queue'),
      trainer: 'FLUX_LORA_FAST',
    });
    const run = app.lastRun();
    const { requestId } = run;
    const open = await trainingsOf(avatarId);
    await app.deliver(run, errorFor(requestId));
    await app.settled(avatarId, version);
    const trainings = await trainingsOf(avatarId);

    const time = expect.any(String) as string;
    const first = {
      attempt: 1,
      status: 'COMPLETED',
      trainer: 'FLUX_PRO',
      endpoint: 'fal-ai/flux-pro-trainer',
      input: sent,
      falRequestId: done.falRequestId,
      artifact: { __typename: 'FinetuneArtifact', finetuneId: done.finetuneId },
      isCurrent: true,
      error: null,
      createdAt: done.trainingStartedAt,
      submittedAt: time,
      completedAt: done.trainingCompletedAt,
    };
    const second = {
      attempt: 2,
      status: 'QUEUED',
      trainer: 'FLUX_LORA_FAST',
      endpoint: 'fal-ai/flux-lora-fast-training',
      input: app.lastSubmit().body,
      falRequestId: requestId,
      artifact: null,
      isCurrent: false,
      error: null,
      completedAt: null,
    };
    expect(open).toMatchObject([second, first]);
    const failed = {
      status: 'FAILED',
      error: { code: 'PROVIDER_FAILED', message: 'late' },
      completedAt: time,
    };
    expect(trainings).toMatchObject([{ ...second, ...failed }, first]);
  });

  test('come in pages, and alone by their id', async () => {
    const { avatarId, older, younger } = await trainedTwice();
    const page = await app.execute(TrainingsDocument, { avatarId, first: 1 });
    const after = page.avatar?.trainings.pageInfo.endCursor ?? null;
    const next = await app.execute(TrainingsDocument, { avatarId, first: 1, after });
    expect([page, next].map(({ avatar }) => avatar?.trainings)).toMatchObject([
      { edges: [{ node: { id: younger.id } }], pageInfo: { hasNextPage: true } },
      { edges: [{ node: { id: older.id } }], pageInfo: { hasNextPage: false } },
    ]);
    expect(await app.execute(TrainingByIdDocument, { id: older.id })).toEqual({
      training: { ...older, avatar: { id: avatarId, name: 'Ada' } },
    });
    expect(await app.execute(AnyNodeDocument, { id: older.id })).toEqual({
      node: { __typename: 'Training', id: older.id },
    });
  });

  test('do not include one that fal refused to start', async () => {
    const { id: avatarId } = await app.newAvatar();
    app.simulator.program({ scenario: 'submit-422', times: 1 });
    const input = { avatarId, imagesUrl: photos() };
    const startTraining = await app.mutate(StartTrainingDocument, input);
    expect(startTraining).toMatchObject({ code: 'PROVIDER_REJECTED' });
    expect(await trainingsOf(avatarId)).toEqual([]);
    await app.train({ avatarId });
    expect(await trainingsOf(avatarId)).toMatchObject([{ attempt: 1, status: 'COMPLETED' }]);
  });

  test('are gone with the avatar, and nothing of them is kept', async () => {
    const { avatarId, older } = await trainedTwice();
    await app.deleteAvatar(avatarId);
    expect(await app.execute(TrainingByIdDocument, { id: older.id })).toEqual({ training: null });
    expect(await app.execute(AnyNodeDocument, { id: older.id })).toEqual({ node: null });
    expect(await promote(older.id)).toMatchObject({ code: 'NOT_FOUND' });
    await app.restart(async ({ prisma }) => {
      const job = await prisma.job.findUniqueOrThrow({ where: { id: older.id } });
      expect(job).toMatchObject({ input: {}, artifact: null, avatarId: null });
    });
  });

  test('do not include the job of a generation', async () => {
    const { id: avatarId } = await app.trainedAvatar();
    const { id } = await app.generate({ avatarId });
    let jobId = '';
    await app.restart(async ({ prisma }) => {
      jobId = (await prisma.job.findFirstOrThrow({ where: { generationId: id } })).id;
    });
    expect(await trainingsOf(avatarId)).toHaveLength(1);
    expect(await app.execute(TrainingByIdDocument, { id: jobId })).toEqual({ training: null });
    expect(await promote(jobId)).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('promoting a training', () => {
  test('gives the avatar its artifact and trainer, and subscribers see it', async () => {
    const { avatarId, first, second, older, younger } = await trainedTwice();
    expect([older, younger].map(({ isCurrent }) => isCurrent)).toEqual([false, true]);
    const watch = app.watchAvatar({ avatarId, afterVersion: second.version });

    const promoted = {
      id: avatarId,
      version: second.version + 1,
      status: 'COMPLETED',
      isReady: true,
      finetuneId: first.finetuneId,
      diffusersLoraFileUrl: null,
      configFileUrl: null,
      falRequestId: second.falRequestId,
    };
    expect(await promote(older.id)).toMatchObject({ avatar: promoted });

    expect(await watch.next()).toMatchObject(promoted);
    await watch.stop();
    expect((await trainingsOf(avatarId)).map(({ isCurrent }) => isCurrent)).toEqual([false, true]);
    await app.generate({ avatarId });
    expect(app.lastSubmit()).toMatchObject({
      endpoint: 'fal-ai/flux-pro/v1.1-ultra-finetuned',
      body: { finetune_id: first.finetuneId },
    });

    expect(await promote(younger.id)).toMatchObject({
      avatar: { diffusersLoraFileUrl: second.diffusersLoraFileUrl, finetuneId: null },
    });
    await app.generate({ avatarId });
    expect(app.lastSubmit()).toMatchObject({
      endpoint: 'fal-ai/flux-lora',
      body: { loras: [{ path: second.diffusersLoraFileUrl }] },
    });
  });

  test('whose artifact is the current one changes nothing', async () => {
    const { second, younger } = await trainedTwice();
    expect(await promote(younger.id)).toEqual({ __typename: 'PromotePayload', avatar: second });
  });

  test('while another one runs is possible; that one becomes current when it completes', async () => {
    const { avatarId, older } = await trainedTwice();
    const held = await heldTraining(app, avatarId);
    expect(await promote(older.id)).toMatchObject({ avatar: { finetuneId: expect.any(String) as string } });
    await app.deliver(held, okFor(held.requestId, { finetune_id: 'the newest' }));
    expect(await trainingsOf(avatarId)).toMatchObject([
      { attempt: 3, isCurrent: true },
      { attempt: 2, isCurrent: false },
      { attempt: 1, isCurrent: false },
    ]);
  });

  test('ten times at once is done once', async () => {
    const { second, older } = await trainedTwice();
    const results = await Promise.all(Array.from({ length: 10 }, () => promote(older.id)));
    for (const result of results) {
      expect(result).toMatchObject({ avatar: { version: second.version + 1 } });
    }
  });

  test('that has no artifact is NOT_READY and changes nothing', async () => {
    const avatar = await app.trainedAvatar();
    await app.startTraining({ avatarId: avatar.id, imagesUrl: photos('stuck-in-queue') });
    const [open] = await trainingsOf(avatar.id);
    const message = expect.stringContaining('QUEUED') as string;
    expect(await promote(String(open?.id))).toMatchObject({ code: 'NOT_READY', message });
    await app.cancelTraining(avatar.id);
    const cancelled = await app.avatarNow(avatar.id);
    expect(await promote(String(open?.id))).toMatchObject({ code: 'NOT_READY' });
    expect(await app.avatarNow(avatar.id)).toEqual(cancelled);
  });

  test.each(['job_00000000000070008000000000000000', 'nonsense', '', 'job_\u0000'])(
    'with the id %j is NOT_FOUND',
    async (id) => {
      expect(await promote(id)).toMatchObject({ code: 'NOT_FOUND' });
      expect(await app.execute(TrainingByIdDocument, { id })).toEqual({ training: null });
    },
  );
});

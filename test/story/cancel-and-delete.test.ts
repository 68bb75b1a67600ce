import { afterAll, describe, expect, test } from 'vitest';
import { cancelledAtFal, errorFor, okFor } from '../support/runs-at-fal.ts';
import {
  AnyNodeDocument,
  AvatarByIdDocument,
  AvatarsDocument,
  CancelTrainingDocument,
  DeleteAvatarDocument,
  GenerateImageDocument,
  GenerationByIdDocument,
} from '../../src/generated/contract/graphql.ts';
import { eventually } from '../support/eventually.ts';
import { startTestApp } from '../support/test-app.ts';
import { photos } from '../support/api-client.ts';

const app = await startTestApp();
afterAll(() => app.close());

describe('cancelling a training', () => {
  test('that waits in the queue stops it', async () => {
    const { id } = await app.newAvatar();
    await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
    const run = app.lastSubmit();

    expect(await cancel(id)).toHaveProperty('avatar');

    expect(await app.settled(id)).toMatchObject({ status: 'CANCELLED', isReady: false, error: null });
    await cancelledAtFal(app, run.requestId);
  });

  test('that runs stops it, and it can be trained again', async () => {
    const { id } = await app.newAvatar();
    const watch = app.watchAvatar({ avatarId: id });
    await app.startTraining({ avatarId: id, imagesUrl: photos('stuck') });
    const run = app.lastSubmit();
    await watch.until(({ status }) => status === 'TRAINING');

    expect(await cancel(id)).toHaveProperty('avatar');

    await watch.until(({ status }) => status === 'CANCELLED');
    await cancelledAtFal(app, run.requestId);
    expect(await app.train({ avatarId: id })).toMatchObject({ status: 'COMPLETED', error: null });
    await watch.stop();
  });

  test('twice is the same as once', async () => {
    const { id } = await app.newAvatar();
    await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
    await cancel(id);
    const cancelled = await app.settled(id);

    expect(await cancel(id)).toEqual({ __typename: 'CancelTrainingPayload', avatar: cancelled });
  });

  test('that has ended is a CONFLICT and changes nothing', async () => {
    const done = await app.trainedAvatar();

    expect(await cancel(done.id)).toMatchObject({ code: 'CONFLICT' });
    expect(await app.avatarNow(done.id)).toEqual(done);
  });

  test('that never began is a CONFLICT', async () => {
    const { id } = await app.newAvatar();

    expect(await cancel(id)).toMatchObject({ code: 'CONFLICT' });
  });

  test('that fal goes on with all the same ends COMPLETED: what was paid for is kept', async () => {
    const { id } = await app.newAvatar();
    await app.startTraining({ avatarId: id, imagesUrl: photos('cancel-ignored', 'stuck-in-queue') });
    const run = app.lastRun();

    expect(await cancel(id)).toMatchObject({ avatar: { status: 'QUEUED' } });

    await app.deliver(run, okFor(run.requestId));
    expect(await app.avatarNow(id)).toMatchObject({ status: 'COMPLETED', isReady: true });
  });

  test('of an avatar that had been trained leaves it ready', async () => {
    const first = await app.trainedAvatar({ trainingType: 'STYLE' });
    const { version } = await app.startTraining({
      avatarId: first.id,
      imagesUrl: photos('stuck-in-queue'),
    });

    await cancel(first.id);

    expect(await app.settled(first.id, version)).toMatchObject({
      status: 'CANCELLED',
      isReady: true,
      finetuneId: first.finetuneId,
    });
  });
});

describe('deleting an avatar', () => {
  test('while it trains makes it gone at once, ends its stream and tells fal', async () => {
    const { id } = await app.newAvatar();
    const watch = app.watchAvatar({ avatarId: id });
    await app.startTraining({ avatarId: id, imagesUrl: photos('stuck') });
    const run = app.lastSubmit();
    await watch.until(({ status }) => status === 'TRAINING');

    const deleteAvatar = await app.mutate(DeleteAvatarDocument, { avatarId: id });

    expect(deleteAvatar).toMatchObject({ deletedAvatarId: id });
    expect(await app.execute(AvatarByIdDocument, { id })).toEqual({ avatar: null });
    await watch.ended();
    await cancelledAtFal(app, run.requestId);
  });

  test('cannot be undone by a webhook that comes late', async () => {
    const { id } = await app.newAvatar();
    await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue', 'silent') });
    const run = app.lastRun();
    await app.deleteAvatar(id);

    for (const body of [okFor(run.requestId), errorFor(run.requestId)])
      expect(await app.deliver(run, body)).toBe(200);

    expect(await app.execute(AvatarByIdDocument, { id })).toEqual({ avatar: null });
    const { avatars } = await app.execute(AvatarsDocument, { first: 100 });
    expect(avatars.edges.map(({ node }) => node.id)).not.toContain(id);
  });

  test('takes its images with it, and what is being drawn is cancelled at fal', async () => {
    const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });
    const drawn = await app.generate({ avatarId: id, waitSeconds: 20 });
    const open = await app.generate({ avatarId: id, prompt: 'tea [[stuck]]' });
    const run = app.lastSubmit();

    await app.deleteAvatar(id);

    for (const image of [drawn, open]) {
      expect(await app.execute(GenerationByIdDocument, { id: image.id })).toEqual({ generation: null });
      expect(await app.execute(AnyNodeDocument, { id: image.id })).toEqual({ node: null });
    }
    await cancelledAtFal(app, run.requestId);
  });

  test('while a caller waits for its image is an answer for that caller, not a fault', async () => {
    const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });
    const before = app.simulator.requests().length;
    const input = { avatarId: id, prompt: 'tea [[stuck]]', waitSeconds: 20 };
    const waiting = app.ask(GenerateImageDocument, { input });
    await eventually('fal to have it', () => app.simulator.requests().length > before);
    await eventually('the caller to wait', async () => (await app.listeners()) === 1);

    await app.deleteAvatar(id);

    const { data } = await waiting;
    expect(data?.generateImage).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('twice is NOT_FOUND', async () => {
    const { id } = await app.newAvatar();
    await app.deleteAvatar(id);

    const deleteAvatar = await app.mutate(DeleteAvatarDocument, { avatarId: id });
    expect(deleteAvatar).toMatchObject({ code: 'NOT_FOUND' });
  });
});

async function cancel(avatarId: string) {
  return app.mutate(CancelTrainingDocument, { avatarId });
}

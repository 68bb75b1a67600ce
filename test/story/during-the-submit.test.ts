import { afterAll, expect, test } from 'vitest';
import {
  AvatarByIdDocument,
  CancelTrainingDocument,
  DeleteAvatarDocument,
  StartTrainingDocument,
  type StartTrainingMutation,
} from '../../src/generated/contract/graphql.ts';
import { avatarNow } from './held-runs.ts';
import { eventually } from '../support/eventually.ts';
import { FAL_KEY, startTestApp } from '../support/test-app.ts';
import { freePort } from '../support/free-port.ts';
import { newAvatar, photos } from './moves.ts';
import { stallingProxy } from '../support/stalling-proxy.ts';

// What fal is asked stops on its way until a test lets it through.
const port = await freePort();
const way = await stallingProxy({ host: '127.0.0.1', port });
const app = await startTestApp({
  env: { FAL_QUEUE_URL: `http://127.0.0.1:${way.port}` },
  simulator: { port },
});
afterAll(async () => {
  way.resume();
  await app.close();
  await way.close();
});

/** A training whose submit has left and has not arrived; `answer` is what its caller gets in the end. */
async function trainingOnItsWay(): Promise<{ id: string; answer: Promise<StartTrainingMutation | null> }> {
  const { id } = await newAvatar(app);
  way.stall();
  const ask = async () => {
    const input = { avatarId: id, imagesUrl: photos('stuck-in-queue') };
    return (await app.ask(StartTrainingDocument, { input })).data;
  };
  // The one that is refused at once tells that the other one's job is written.
  const calls = [ask(), ask()] as const;
  const first = await Promise.race(calls.map(async (call, index) => ({ index, data: await call })));
  expect(first.data?.startTraining).toMatchObject({ code: 'CONFLICT' });
  return { id, answer: first.index === 0 ? calls[1] : calls[0] };
}

async function cancelledAtFal(): Promise<void> {
  const run = app.simulator.requests().at(-1);
  await eventually('fal to be told to cancel', async () => {
    const response = await fetch(
      `${app.simulator.url}/${run?.endpoint ?? ''}/requests/${run?.requestId ?? ''}/status`,
      {
        headers: { authorization: `Key ${FAL_KEY}` },
      },
    );
    const { error_type: why } = (await response.json()) as { error_type?: string };
    return why === 'client_cancelled' ? true : null;
  });
}

test('a training cancelled while its submit is on the way is CANCELLED, and fal is told as soon as it has it', async () => {
  const { id, answer } = await trainingOnItsWay();

  const { cancelTraining } = await app.execute(CancelTrainingDocument, { input: { avatarId: id } });
  expect(cancelTraining).toMatchObject({ avatar: { status: 'CANCELLED' } });
  way.resume();

  expect((await answer)?.startTraining).toMatchObject({ avatar: { status: 'CANCELLED' } });
  await cancelledAtFal();
  expect(await avatarNow(app, id)).toMatchObject({ status: 'CANCELLED', isReady: false });
});

test('an avatar deleted while its submit is on the way stays gone, its caller is told, and fal is told', async () => {
  const { id, answer } = await trainingOnItsWay();

  await app.execute(DeleteAvatarDocument, { input: { avatarId: id } });
  way.resume();

  expect((await answer)?.startTraining).toMatchObject({ code: 'NOT_FOUND' });
  await cancelledAtFal();
  expect(await app.execute(AvatarByIdDocument, { id })).toEqual({ avatar: null });
});

import { afterAll, expect, test } from 'vitest';
import {
  AvatarByIdDocument,
  CancelTrainingDocument,
  StartTrainingDocument,
  type StartTrainingMutation,
} from '../../src/generated/contract/graphql.ts';
import { cancelledAtFal } from '../support/runs-at-fal.ts';
import { startTestApp } from '../support/test-app.ts';
import { photos } from '../support/api-client.ts';
import { isSubmit, type Hold } from '../support/fault-proxy.ts';
import { rawCaller } from '../support/raw-graphql.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { setTimeout as pause } from 'node:timers/promises';

const OPERATIONS = 2;
const app = await startTestApp({
  isProxied: true,
  env: { LIMIT_OPERATIONS_PER_SOCKET: String(OPERATIONS) },
});
afterAll(() => app.close());

/** A training whose submit has been sent and not received; `answer` is its caller's. */
async function trainingBeingSubmitted(): Promise<{
  id: string;
  submit: Hold;
  answer: Promise<StartTrainingMutation | null>;
}> {
  const { id } = await app.newAvatar();
  const submit = app.fal.holdRequests(isSubmit);
  const input = { avatarId: id, imagesUrl: photos('stuck-in-queue') };
  const answer = app.ask(StartTrainingDocument, { input }).then(({ data }) => data);
  await submit.reached(1);
  return { id, submit, answer };
}

test('a training cancelled while its submit is on the way is CANCELLED, and fal is told as soon as it has it', async () => {
  const { id, submit, answer } = await trainingBeingSubmitted();

  const cancelTraining = await app.mutate(CancelTrainingDocument, { avatarId: id });
  expect(cancelTraining).toMatchObject({ avatar: { status: 'CANCELLED' } });
  submit.release();

  expect((await answer)?.startTraining).toMatchObject({ avatar: { status: 'CANCELLED' } });
  await cancelledAtFal(app, app.lastRun().requestId);
  expect(await app.avatarNow(id)).toMatchObject({ status: 'CANCELLED', isReady: false });
});

test('an avatar deleted while its submit is on the way stays gone, its caller is told, and fal is told', async () => {
  const { id, submit, answer } = await trainingBeingSubmitted();

  await app.deleteAvatar(id);
  submit.release();

  expect((await answer)?.startTraining).toMatchObject({ code: 'NOT_FOUND' });
  await cancelledAtFal(app, app.lastRun().requestId);
  expect(await app.execute(AvatarByIdDocument, { id })).toEqual({ avatar: null });
});

test('a training cancelled at the moment its submit is answered ends as fal ends it', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, async () => (await app.newAvatar()).id));
  await Promise.all(
    ids.map(async (avatarId, index) => {
      // fal takes the cancel and goes on to the end all the same.
      const input = { avatarId, imagesUrl: photos('cancel-ignored') };
      const started = app.ask(StartTrainingDocument, { input });
      await pause(index * 8);
      for (let times = 0; times < 3; times++) {
        await app.ask(CancelTrainingDocument, { input: { avatarId } });
      }
      await started;
    }),
  );
  for (const id of ids) {
    const { status, falRequestId } = await app.settled(id);
    const run = app.simulator.requests().find(({ requestId }) => requestId === falRequestId);
    // Without a known run it ended at once; with one, as that did.
    expect(status).toBe(run === undefined ? 'CANCELLED' : 'COMPLETED');
  }
});

const FIELDS = 'generations(first: 6) { edges { node { id prompt } } }';
/** Takes the whole share of operations that one owner may have executed at the same time. */
const COSTLY = `{ avatars(first: 100) { edges { node { id ${FIELDS} } } } }`;

test.each([
  ['outermost', 'mutation { CALL }'],
  ['in an inline fragment', 'mutation { ... { CALL } }'],
  ['in a named fragment', 'mutation { ...F } fragment F on Mutation { CALL }'],
])('a training that waits for fal delays no query of its owner: %s', async (_where, operation) => {
  const { ask } = rawCaller(app.graphqlUrl, '');
  const { id } = await app.newAvatar();
  const submit = app.fal.holdRequests(isSubmit);
  const input = `{ avatarId: "${id}", imagesUrl: "${photos('stuck-in-queue')}" }`;
  const training = ask(operation.replace('CALL', `startTraining(input: ${input}) { __typename }`));
  await submit.reached(1);

  expect(await ask(COSTLY)).toMatchObject({ status: 200, codes: [] });
  submit.release();
  expect((await training).text).toContain('StartTrainingPayload');
});

test('operations that a client has completed and that still wait for fal take places on their socket', async () => {
  const socket = await RawSocket.connected(app.graphqlUrl);
  const submits = app.fal.holdRequests(isSubmit);
  for (let count = 1; count <= 2 * OPERATIONS; count += 1) {
    const { id } = await app.newAvatar();
    const input = `{ avatarId: "${id}", imagesUrl: "${photos('stuck-in-queue')}" }`;
    socket.subscribe(id, `mutation { startTraining(input: ${input}) { __typename } }`);
    await submits.reached(count);
    socket.say({ type: 'complete', id });
  }

  socket.subscribe('one too many', '{ trainers { name } }');
  expect(await socket.until(({ id }) => id === 'one too many')).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'LIMIT_EXCEEDED' } }],
  });
  submits.release();
  await socket.end();
});

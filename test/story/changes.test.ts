import { afterAll, describe, expect, test } from 'vitest';
import { forgetChanges } from '../../src/db/store/change-log.ts';
import {
  AvatarsDocument,
  CancelGenerationDocument,
  DeleteGenerationDocument,
  GenerateImageDocument,
  PromoteDocument,
  TrainingsDocument,
  type ChangesSubscription,
} from '../../src/generated/contract/graphql.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { photos, TRANSPORTS } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET, LIMIT_SUBSCRIPTIONS_PER_OWNER: '20' } });
afterAll(() => app.close());

type Change = ChangesSubscription['changes'];

/** Each test has an owner of its own. */
let owners = 0;
async function newOwner() {
  owners += 1;
  return { token: await tokenOf(`owner-${owners}`) };
}

/** What an event is about, with the version. */
function told(event: Change): string {
  switch (event.__typename) {
    case 'CaughtUp':
      return 'caught up';
    case 'AvatarChanged':
      return `${event.avatar.id} ${event.avatar.version}`;
    case 'AvatarDeleted':
      return `${event.avatarId} deleted`;
    case 'GenerationChanged':
      return `${event.generation.id} ${event.generation.version}`;
    case 'GenerationDeleted':
      return `${event.generationId} deleted`;
  }
}

const isOf = (id: string) => (event: Change) => told(event).startsWith(id);
const isDeletionOf = (id: string) => (event: Change) => told(event) === `${id} deleted`;

describe.each(TRANSPORTS)('over %s', (over) => {
  test('without a cursor the first event has one, and every change follows', async () => {
    const { token } = await newOwner();
    await app.newAvatar({}, { token });
    const watch = app.watchChanges({}, { over, token });
    expect(await watch.next()).toEqual({ __typename: 'CaughtUp', cursor: expect.any(String) as string });

    const avatar = await app.trainedAvatar({ trainingType: 'STYLE' }, { token });
    const seen = await watch.until((event) => told(event) === `${avatar.id} ${avatar.version}`);
    expect(seen).toMatchObject({ __typename: 'AvatarChanged', avatar });

    const made = await app.generate({ avatarId: avatar.id, waitSeconds: 20 }, { token });
    const drawn = await watch.until((event) => told(event) === `${made.id} ${made.version}`);
    expect(drawn).toMatchObject({ __typename: 'GenerationChanged', generation: made });

    const input = { generationId: made.id };
    await app.mutate(DeleteGenerationDocument, input, { token });
    await watch.until(isDeletionOf(made.id));
    const open = await app.generate({ avatarId: avatar.id, prompt: 'tea [[stuck-in-queue]]' }, { token });
    await app.deleteAvatar(avatar.id, { token });
    await watch.until(isDeletionOf(avatar.id));
    const events = watch.seen.map(told);
    if (!events.includes(`${open.id} deleted`)) await watch.until(isDeletionOf(open.id));
    expectRising(watch.seen);
    await watch.stop();
  });

  test('with a cursor everything that changed since is sent once, then that it was', async () => {
    const { token } = await newOwner();
    const [kept, gone] = [await app.newAvatar({}, { token }), await app.newAvatar({}, { token })];
    const first = app.watchChanges({}, { over, token });
    const { cursor } = await first.next();
    await first.stop();

    const trained = await app.train({ avatarId: kept.id }, { token });
    const added = await app.newAvatar({}, { token });
    await app.deleteAvatar(gone.id, { token });

    const second = app.watchChanges({ after: cursor }, { over, token });
    const end = await second.until(({ __typename }) => __typename === 'CaughtUp');
    expect(second.seen.slice(0, -1).map(told).toSorted()).toEqual(
      [`${kept.id} ${trained.version}`, `${added.id} ${added.version}`, `${gone.id} deleted`].toSorted(),
    );
    await second.stop();
    const third = app.watchChanges({ after: end.cursor }, { over, token });
    expect(await third.next()).toEqual(end);
    await third.stop();
  });

  test.each(['', 'nonsense', 'x'.repeat(5000), Buffer.from('GPC:S:1').toString('base64')])(
    'a malformed cursor is INVALID_INPUT',
    async (after) => {
      const { token } = await newOwner();
      const [error] = await app.watchChanges({ after: after.slice(0, 3900) }, { over, token }).refused();
      expect(error).toMatchObject({ extensions: { code: 'INVALID_INPUT' } });
    },
  );
});

test('the cursor of each event continues after it, also on a server that was restarted', async () => {
  const { token } = await newOwner();
  const watch = app.watchChanges({}, { token });
  await watch.next();
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    const { id } = await app.newAvatar({}, { token });
    ids.push(id);
    await watch.until(isOf(id));
  }
  const events = [...watch.seen];
  await watch.stop();
  await app.restart();
  for (const [index, { cursor }] of events.entries()) {
    const resumed = app.watchChanges({ after: cursor }, { token });
    await resumed.until(({ __typename }) => __typename === 'CaughtUp');
    expect(resumed.seen.slice(0, -1).map((event) => told(event).split(' ')[0])).toEqual(ids.slice(index));
    await resumed.stop();
  }
});

test('a client that reconnects at every event misses nothing, with changes in between', async () => {
  const { token } = await newOwner();
  const first = app.watchChanges({}, { token });
  let { cursor } = await first.next();
  await first.stop();
  const got = new Map<string, string>();
  const { id } = await app.trainedAvatar({ trainingType: 'STYLE' }, { token });
  const images = await Promise.all(
    Array.from({ length: 4 }, () => app.generate({ avatarId: id, waitSeconds: 20 }, { token })),
  );
  const last = await app.avatarNow(id, token);
  const wanted = new Map([last, ...images].map((row) => [row.id, `${row.id} ${row.version}`]));
  const isComplete = () => [...wanted].every(([of, state]) => got.get(of) === state);
  while (!isComplete()) {
    const watch = app.watchChanges({ after: cursor }, { token });
    const event = await watch.next();
    const state = told(event);
    got.set(state.split(' ')[0] ?? '', state);
    ({ cursor } = event);
    await watch.stop();
  }
});

test('cancelling, promoting and refused generations are told', async () => {
  const { token } = await newOwner();
  const { id: avatarId } = await app.trainedAvatar({ trainingType: 'STYLE' }, { token });
  await app.train({ avatarId, trainer: 'FLUX_LORA_FAST' }, { token });
  const watch = app.watchChanges({}, { token });
  await watch.next();

  const { avatar } = await app.execute(TrainingsDocument, { avatarId }, { token });
  const trainingId = avatar?.trainings.edges.at(-1)?.node.id ?? '';
  await app.mutate(PromoteDocument, { trainingId }, { token });
  const { version } = await app.avatarNow(avatarId, token);
  await watch.until((event) => told(event) === `${avatarId} ${version}`);

  const { id: generationId } = await app.generate({ avatarId, prompt: 'tea [[stuck-in-queue]]' }, { token });
  await app.mutate(CancelGenerationDocument, { generationId }, { token });
  await watch.until(
    (event) => event.__typename === 'GenerationChanged' && event.generation.status === 'CANCELLED',
  );

  app.simulator.program({ scenario: 'submit-422', times: 1 });
  await app.mutate(GenerateImageDocument, { avatarId, prompt: 'tea' }, { token });
  await watch.until(({ __typename }) => __typename === 'GenerationDeleted');
  await watch.stop();
});

test('nobody is told of another owner’s changes, and a cursor of theirs is INVALID_INPUT', async () => {
  const [ada, bob] = [await newOwner(), await newOwner()];
  const watch = app.watchChanges({}, ada);
  const { cursor } = await watch.next();
  const his = await app.trainedAvatar({}, bob);
  await app.deleteAvatar(his.id, bob);
  const hers = await app.newAvatar({}, ada);
  await watch.until(isOf(hers.id));
  expect(watch.seen.map(told)).toEqual(['caught up', `${hers.id} 1`]);
  await watch.stop();
  const [error] = await app.watchChanges({ after: cursor }, bob).refused();
  expect(error).toMatchObject({ extensions: { code: 'INVALID_INPUT' } });
});

test('a cursor before a change that is a week old is CURSOR_EXPIRED, one after it is not', async () => {
  const { token } = await newOwner();
  const watch = app.watchChanges({}, { token });
  const before = await watch.next();
  const { id } = await app.newAvatar({}, { token });
  const since = await watch.until(isOf(id));
  await watch.stop();
  await app.restart(async ({ pool }) => {
    await pool.query(`UPDATE changes SET changed_at = now() - interval '8 days' WHERE entity_id = '${id}'`);
    await forgetChanges(pool, new AbortController().signal);
  });
  const [error] = await app.watchChanges({ after: before.cursor }, { token }).refused();
  expect(error).toMatchObject({
    message: expect.stringContaining('read the avatars and generations again') as string,
    extensions: { code: 'CURSOR_EXPIRED' },
  });
  const resumed = app.watchChanges({ after: since.cursor }, { token });
  expect(await resumed.next()).toMatchObject({ __typename: 'CaughtUp' });
  await resumed.stop();
});

test('a cursor that is newer than a database restored from a backup is CURSOR_EXPIRED', async () => {
  const { token } = await newOwner();
  const watch = app.watchChanges({}, { token });
  await watch.next();
  const { id } = await app.newAvatar({}, { token });
  const { cursor } = await watch.until(isOf(id));
  await watch.stop();
  await app.restart(async ({ pool }) => {
    await pool.query('UPDATE change_positions SET last = 0');
  });
  const [error] = await app.watchChanges({ after: cursor }, { token }).refused();
  expect(error).toMatchObject({ extensions: { code: 'CURSOR_EXPIRED' } });
});

test('it counts towards the streams of the owner', async () => {
  const { token } = await newOwner();
  const watches = Array.from({ length: 20 }, () => app.watchChanges({}, { token }));
  await Promise.all(watches.map((watch) => watch.next()));
  const [error] = await app.watchChanges({}, { token }).refused();
  expect(error).toMatchObject({ extensions: { code: 'LIMIT_EXCEEDED' } });
  const { id } = await app.newAvatar({}, { token });
  await Promise.all(watches.map((watch) => watch.until(isOf(id))));
  await Promise.all(watches.map((watch) => watch.stop()));
});

test('what a list has after the first event, and what follows, is everything', async () => {
  const { token } = await newOwner();
  const making = Promise.all(Array.from({ length: 15 }, () => app.newAvatar({}, { token })));
  const watch = app.watchChanges({}, { token });
  await watch.next();
  const { avatars } = await app.execute(AvatarsDocument, { first: 100 }, { token });
  const listed = avatars.edges.map(({ node }) => node.id);
  const made = (await making).map(({ id }) => id);
  await app.startTraining({ avatarId: made[0] ?? '', imagesUrl: photos('stuck-in-queue') }, { token });
  await watch.until(
    (event) =>
      event.__typename === 'AvatarChanged' && event.avatar.id === made[0] && event.avatar.version >= 2,
  );
  const known = new Set([...listed, ...watch.seen.map((event) => told(event).split(' ')[0])]);
  expect(made.filter((id) => !known.has(id))).toEqual([]);
  await watch.stop();
});

function expectRising(events: readonly Change[]): void {
  const versions = new Map<string, number>();
  for (const event of events) {
    const [id = '', version = ''] = told(event).split(' ');
    if (Number.isNaN(Number(version))) continue;
    expect(Number(version)).toBeGreaterThan(versions.get(id) ?? 0);
    versions.set(id, Number(version));
  }
}

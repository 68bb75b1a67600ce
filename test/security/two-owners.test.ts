import { afterAll, expect, test } from 'vitest';
import { cursorOf } from '../support/id-places.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { randomFor } from '../support/prng.ts';
import { rawCaller } from '../support/raw-graphql.ts';
import { startTestApp } from '../support/test-app.ts';

const IMAGES_URL = 'https://photos.example/likeness.zip';

const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => app.close());

/** Of an owner that takes no part: nobody may ever hear of it. */
const hers = await app.newAvatar({}, { token: await tokenOf('alice') });

test('in a walk of two owners nothing that one is told has an id of the other in it', async () => {
  const STEPS = 120;
  const random = randomFor(20_260_713);
  const roll = (sides: number) => random.between(0, sides - 1);
  type Owner = {
    readonly token: string;
    readonly avatars: string[];
    readonly told: string[];
    images: string[];
  };
  const make = async (name: string): Promise<Owner> => ({
    token: await tokenOf(name),
    avatars: [],
    images: [],
    told: [],
  });
  const owners: [Owner, Owner] = [await make('one'), await make('two')];
  const watches = owners.flatMap(({ token }) => [
    app.watchAvatar({}, { over: 'ws', token }),
    app.watchAvatar({}, { over: 'sse', token }),
  ]);

  const send = async (owner: Owner, query: string, variables: object, sent: string) => {
    const { text } = await rawCaller(app.graphqlUrl, owner.token).ask(query, { variables });
    expect(text).not.toContain('INTERNAL_SERVER_ERROR');
    // What it said itself may be said back to it.
    owner.told.push(sent === '' ? text : text.replaceAll(sent, ''));
    return text;
  };
  const pick = (ids: readonly string[]) => ids[roll(ids.length)] ?? hers.id;
  const created = (text: string, prefix: string) => new RegExp(`${prefix}_[0-9a-f]{32}`).exec(text)?.[0];

  const step = async (): Promise<void> => {
    const [owner, other] = roll(2) === 0 ? owners : ([owners[1], owners[0]] as const);
    // Now and then it tries an id of the other.
    const avatarId = pick(roll(3) === 0 ? other.avatars : owner.avatars);
    const imageId = pick(roll(3) === 0 ? other.images : owner.images);
    switch (roll(9)) {
      case 0:
      case 1: {
        const query =
          'mutation($i: CreateAvatarInput!) { createAvatar(input: $i) { __typename ... on CreateAvatarPayload { avatar { id } } } }';
        const id = created(
          await send(owner, query, { i: { name: 'walker', trainingType: 'STYLE' } }, ''),
          'avt',
        );
        if (id !== undefined) owner.avatars.push(id);
        return;
      }
      case 2: {
        const query =
          'mutation($i: StartTrainingInput!) { startTraining(input: $i) { __typename ... on StartTrainingPayload { avatar { id falRequestId } } ... on Error { message } } }';
        await send(owner, query, { i: { avatarId, imagesUrl: IMAGES_URL } }, avatarId);
        return;
      }
      case 3: {
        const query =
          'mutation($i: GenerateImageInput!) { generateImage(input: $i) { __typename ... on GenerateImagePayload { generation { id } } ... on Error { message } } }';
        const id = created(await send(owner, query, { i: { avatarId, prompt: 'tea' } }, avatarId), 'gen');
        if (id !== undefined) owner.images.push(id);
        return;
      }
      case 4: {
        if (roll(3) > 0) return;
        const query =
          'mutation($i: DeleteAvatarInput!) { deleteAvatar(input: $i) { __typename ... on Error { message } } }';
        await send(owner, query, { i: { avatarId } }, avatarId);
        return;
      }
      case 5:
        await send(
          owner,
          'query($id: ID!) { node(id: $id) { id __typename } avatar(id: $id) { id generations { edges { node { id } } } } }',
          { id: avatarId },
          avatarId,
        );
        return;
      case 6:
        await send(
          owner,
          'query($id: ID!) { node(id: $id) { id __typename } generation(id: $id) { id avatar { id } } }',
          { id: imageId },
          imageId,
        );
        return;
      case 7: {
        const watch = app.watchAvatar(
          { avatarId },
          { over: roll(2) === 0 ? 'ws' : 'sse', token: owner.token },
        );
        const refused = watch.refused().then((errors) => [errors]);
        const first = await Promise.race([
          watch
            .next()
            .then((row) => [row])
            .catch(() => []),
          refused,
        ]);
        refused.catch(() => undefined);
        owner.told.push(JSON.stringify(first).replaceAll(avatarId, ''));
        await watch.stop();
        return;
      }
      default: {
        const kind = roll(4);
        const page = kind % 2 === 0 ? {} : { after: cursorOf(avatarId) };
        const list =
          kind < 2
            ? 'query($after: String) { avatars(first: 50, after: $after) { edges { cursor node { id falRequestId generations { edges { node { id } } } } } } }'
            : 'query($after: String, $id: ID) { avatars(after: $after, status: DRAFT) { totalCount edges { cursor } } generations(avatarId: $id) { totalCount edges { cursor node { id } } } }';
        await send(owner, list, { ...page, id: avatarId }, '');
      }
    }
  };
  for (let done = 0; done < STEPS; done += 4) await Promise.all([step(), step(), step(), step()]);

  const [one, two] = owners;
  expect(one.avatars.length + two.avatars.length).toBeGreaterThan(20);
  one.told.push(JSON.stringify([watches[0]?.seen, watches[1]?.seen]));
  two.told.push(JSON.stringify([watches[2]?.seen, watches[3]?.seen]));
  for (const [teller, listener] of [
    [one, two],
    [two, one],
  ] as const) {
    const heard = listener.told.join('\n');
    for (const id of [...teller.avatars, ...teller.images, hers.id]) {
      expect(heard).not.toContain(id);
      expect(heard).not.toContain(cursorOf(id));
    }
  }
  for (const watch of watches) {
    expect(watch.seen.length).toBeGreaterThan(5);
    await watch.stop();
  }
});

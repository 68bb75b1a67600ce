import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AvatarsDocument, TrainingsDocument } from '../../src/generated/contract/graphql.ts';
import { callOf, cursorOf, nobodys, PLACES, type Place } from '../support/id-places.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { overSse } from '../support/watch-over-sse.ts';
import { overWs } from '../support/watch-over-ws.ts';
import { photos, TRANSPORTS, type Transport } from '../support/api-client.ts';
import { rawCaller } from '../support/raw-graphql.ts';
import { startTestApp } from '../support/test-app.ts';
import { Watch } from '../support/watch.ts';

const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => app.close());

const [alice, bob] = await Promise.all([tokenOf('alice'), tokenOf('bob')]);

// His rows lie on both sides of hers, two of each, so that a cursor of hers would have somewhere to lead, even one
// that takes itself for the first row of its page.
await app.newAvatar({ name: 'his first' }, { token: bob });
const his = await app.trainedAvatar({ trainingType: 'STYLE' }, { token: bob });
await drawTwice();
const hers = await app.trainedAvatar({ trainingType: 'STYLE' }, { token: alice });
const herImage = await app.generate({ avatarId: hers.id, waitSeconds: 20 }, { token: alice });
const [herPhoto] = await app.photoUploads(hers.id, [{ name: 'a.jpg', size: 1 }], { token: alice });
await app.newAvatar({ name: 'his third' }, { token: bob });
await app.newAvatar({ name: 'his last' }, { token: bob });
await drawTwice();

async function drawTwice(): Promise<void> {
  for (let time = 0; time < 2; time += 1)
    await app.generate({ avatarId: his.id, waitSeconds: 20 }, { token: bob });
}

const { avatar: herAvatar } = await app.execute(TrainingsDocument, { avatarId: hers.id }, { token: alice });
const herTraining = herAvatar?.trainings.edges[0]?.node.id ?? '';

const KINDS: [kind: string, id: string][] = [
  ['an avatar', hers.id],
  ['a generation', herImage.id],
  ['a request', hers.falRequestId ?? ''],
  ['a photo', herPhoto?.photoId ?? ''],
  ['a training', herTraining],
];

type PlaceAnswer = { readonly status: number; readonly headers: object; readonly text: string };

async function answerTo(place: Place, id: string, token: string, transport: Transport): Promise<PlaceAnswer> {
  const call = callOf(place, id);
  if (place.operation === 'subscription') {
    const over = transport === 'ws' ? overWs : overSse;
    const watch = new Watch(place.name, over(app.graphqlUrl, call, token), (data) => data);
    const first = await Promise.race([watch.refused(), watch.next()]);
    await watch.stop();
    return { status: 0, headers: {}, text: JSON.stringify(first) };
  }
  const { query, variables } = call;
  const { status, headers, text } = await rawCaller(app.graphqlUrl, token).ask(query, { variables });
  const { date: _date, ...others } = Object.fromEntries(headers);
  return { status, headers: others, text };
}

/** Both for the kinds that a subscription finds: avatars and generations. */
const transportsOf = ({ operation }: Place, kind: number) =>
  TRANSPORTS.filter((_transport, index) =>
    operation === 'subscription' ? kind < 2 || index === kind % 2 : index === 0,
  );

/** What a place answers to an id and to one of nothing, both with the latter in it. */
async function answersTo(place: Place, token: string, kind: number, transport: Transport) {
  const id = KINDS[kind]?.[1] ?? '';
  const nobody = nobodys(id);
  const { text, ...answer } = await answerTo(place, id, token, transport);
  const absent = await answerTo(place, nobody, token, transport);
  const renamed = text.replaceAll(id, nobody).replaceAll(cursorOf(id), cursorOf(nobody));
  return { answer: { ...answer, text: renamed }, absent };
}

/** Everything of hers, and what was asked of fal. */
async function everything(): Promise<string> {
  const rows = await app.execute(AvatarsDocument, { first: 100 }, { token: alice });
  const mine = await app.execute(AvatarsDocument, { first: 100 }, { token: bob });
  const photosOfHers = await app.photoSet(hers.id, { token: alice });
  return JSON.stringify([rows, mine, photosOfHers, app.simulator.requests().length]);
}

test('a place is found in every kind of operation, in an argument, an input and a cursor', () => {
  expect(PLACES.length).toBeGreaterThanOrEqual(27);
  expect(PLACES.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'mutation startTraining(input.avatarId)',
      'query avatarByRequestId(requestId)',
      'query generations(before)',
      'query node(id)',
      'subscription photoSet(avatarId)',
    ]),
  );
});

describe('with an id of somebody else’s every place answers as with an id of nothing', () => {
  let before: string;
  beforeAll(async () => {
    before = await everything();
  });

  test.each(PLACES.map((place) => [place.name, place] as const))('%s', async (_name, place) => {
    for (const [index, [kind]] of KINDS.entries()) {
      for (const transport of transportsOf(place, index)) {
        const { answer, absent } = await answersTo(place, bob, index, transport);
        expect([kind, answer]).toEqual([kind, absent]);
        expect(answer.text).not.toMatch(
          /INTERNAL|GRAPHQL_VALIDATION|OPERATION_TOO_LARGE|Unknown|Cannot query/,
        );
      }
    }
    if (place.operation === 'mutation') expect(await everything()).toBe(before);
  });

  // A cursor of hers at her only row leads to an empty page, as one of nothing does.
  const READABLE = PLACES.filter(({ operation, isCursor }) => operation !== 'mutation' && !isCursor);
  test.each(READABLE.map((place) => [place.name, place] as const))(
    '%s finds it for its owner, so that the place is tried at all',
    async (_name, place) => {
      let isFound = false;
      for (let kind = 0; kind < KINDS.length && !isFound; kind += 1) {
        const { answer, absent } = await answersTo(place, alice, kind, 'ws');
        isFound = answer.text !== absent.text;
      }
      expect(isFound).toBe(true);
    },
  );

  test.each(['generations', 'trainings'])(
    'a cursor of somebody else’s reveals nothing in the %s of an avatar either',
    async (list) => {
      for (const [name, page] of [
        ['after', 'first'],
        ['before', 'last'],
      ]) {
        const ask = async (id: string) => {
          const query = `{ avatar(id: "${his.id}") { ${list}(${name}: "${cursorOf(id)}", ${page}: 5) { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } } }`;
          return (await rawCaller(app.graphqlUrl, bob).ask(query)).text;
        };
        for (const [, id] of KINDS) {
          const foreign = await ask(id);
          expect(foreign).toBe(await ask(nobodys(id)));
          expect(foreign).not.toContain('INTERNAL');
        }
      }
    },
  );
});

test('an external id and an idempotency key of one owner are free for another', async () => {
  const input = { externalId: 'crm-1', tags: ['vip'], idempotencyKey: 'first' };
  const ids = [];
  for (const token of [alice, bob]) ids.push((await app.newAvatar(input, { token })).id);
  expect(new Set(ids).size).toBe(2);
});

test('the same idempotency key of two owners is two keys', async () => {
  for (const token of [alice, bob]) {
    const { id } = await app.newAvatar({}, { token });
    const training = { avatarId: id, imagesUrl: photos('stuck-in-queue'), idempotencyKey: 'mine' };
    expect(await app.startTraining(training, { token })).toMatchObject({ id, status: 'QUEUED' });
  }
});

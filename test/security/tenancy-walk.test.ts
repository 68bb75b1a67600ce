import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLOutputType,
} from 'graphql';
import { randomUUID } from 'node:crypto';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { generate, newAvatar, trainedAvatar } from '../story/moves.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { overSse } from '../support/watch-over-sse.ts';
import { overWs } from '../support/watch-over-ws.ts';
import { schema } from '../../src/graphql/schema.ts';
import { startTestApp } from '../support/test-app.ts';
import { Watch } from '../support/watch.ts';

/** A place in the schema that takes an id: an argument, or a field of an input. */
type Place = {
  /** Such as `Mutation.startTraining(input.avatarId)`. */
  readonly name: string;
  readonly operation: 'query' | 'mutation' | 'subscription';
  readonly field: string;
  readonly args: readonly GraphQLArgument[];
  readonly type: GraphQLOutputType;
  readonly path: readonly string[];
  readonly isCursor: boolean;
};

/** What else a field needs to be called at all, by the name of the argument. */
const NEEDED: Readonly<Record<string, unknown>> = {
  imagesUrl: 'https://photos.example/likeness.zip',
  prompt: 'tea',
  name: 'Ada',
};

const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => app.close());

const [alice, bob] = await Promise.all([tokenOf('alice'), tokenOf('bob')]);

// His rows lie on both sides of hers, two of each, so that a cursor of hers would have somewhere to lead, even one
// that takes itself for the first row of its page.
await newAvatar(app, { name: 'his first' }, { token: bob });
const his = await trainedAvatar(app, { trainingType: 'STYLE' }, { token: bob });
await drawTwice();
const hers = await trainedAvatar(app, { trainingType: 'STYLE' }, { token: alice });
const herImage = await generate(app, { avatarId: hers.id, waitSeconds: 20 }, { token: alice });
await newAvatar(app, { name: 'his third' }, { token: bob });
await newAvatar(app, { name: 'his last' }, { token: bob });
await drawTwice();

async function drawTwice(): Promise<void> {
  for (let time = 0; time < 2; time += 1)
    await generate(app, { avatarId: his.id, waitSeconds: 20 }, { token: bob });
}

const KINDS: [kind: string, id: string][] = [
  ['an avatar', hers.id],
  ['a generation', herImage.id],
];

/** An id of the same kind, and of the same moment, that names nothing. */
function nobodys(id: string): string {
  return `${id.slice(0, 16)}${randomUUID()
    .replaceAll('-', '')
    .slice(0, id.length - 16)}`;
}

function places(): Place[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([operation, root]) =>
    Object.values(root?.getFields() ?? {}).flatMap(({ name: field, args, type }) =>
      args.flatMap((arg) =>
        idsIn(arg, []).map((path) => ({
          name: `${operation} ${field}(${path.join('.')})`,
          operation,
          field,
          args,
          type,
          path,
          isCursor: isCursor(path),
        })),
      ),
    ),
  );
}

/** Where an argument takes an id: it is of type ID, or named like one or like a cursor. */
function idsIn(input: GraphQLArgument | GraphQLInputField, above: readonly string[]): string[][] {
  const path = [...above, input.name];
  const type = getNamedType(input.type);
  if (isInputObjectType(type)) {
    if (above.length > 5) return [];
    return Object.values(type.getFields()).flatMap((field) => idsIn(field, path));
  }
  const isId = type.name === 'ID' || /(^id|Ids?)$/.test(input.name);
  return isId || isCursor(path) ? [path] : [];
}

function isCursor(path: readonly string[]): boolean {
  return ['after', 'before'].includes(path.at(-1) ?? '');
}

/** Variables that put `value` at the place and something allowed wherever else something is needed. */
function variablesFor({ args, path }: Place, value: string): Record<string, unknown> {
  // The entries before a cursor are those at the end of the page that ends there.
  const page = path.at(-1) === 'before' ? { last: 50 } : {};
  return { ...valuesOf(args, path, value), ...page };
}

function valuesOf(
  inputs: readonly (GraphQLArgument | GraphQLInputField)[],
  path: readonly string[],
  value: string,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, type, defaultValue } of inputs) {
    const isOnPath = path[0] === name;
    const isNeeded = isNonNullType(type) && defaultValue === undefined;
    if (!isOnPath && !isNeeded) continue;
    const named = getNamedType(type);
    if (isOnPath && path.length === 1) values[name] = value;
    else if (isInputObjectType(named))
      values[name] = valuesOf(Object.values(named.getFields()), isOnPath ? path.slice(1) : [], value);
    else if (name in NEEDED) values[name] = NEEDED[name];
    else if (isEnumType(named)) values[name] = named.getValues()[0]?.name;
    else throw new Error(`What is "${name}" to be? Without it this place cannot be tried: say so in NEEDED.`);
  }
  return values;
}

/** Everything a type shows without arguments, some levels deep. */
function selection(type: GraphQLOutputType, levels: number): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  const objects = isObjectType(named) ? [named] : schema.getPossibleTypes(named);
  const parts = objects.map((object) => {
    // Under an interface two types may have fields of one name and different types.
    const alias = (field: string) => (isInterfaceType(named) ? `${object.name}_${field}: ${field}` : field);
    const fields = Object.values(object.getFields()).flatMap((field) => {
      if (field.args.some((arg) => isNonNullType(arg.type))) return [];
      if (isLeafType(getNamedType(field.type))) return [alias(field.name)];
      return levels > 1 ? [`${alias(field.name)} ${selection(field.type, levels - 1)}`] : [];
    });
    return `... on ${object.name} { ${['__typename', ...fields].join(' ')} }`;
  });
  return `{ __typename ${parts.join(' ')} }`;
}

function documentFor({ operation, field, args, type }: Place): string {
  const declared = args.map((arg) => `$${arg.name}: ${arg.type.toString()}`).join(', ');
  const given = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  // As much as fits into the limits on operations.
  const shown = selection(type, isInterfaceType(getNamedType(type)) ? 1 : 2);
  return `${operation} Walk(${declared}) { ${field}(${given}) ${shown} }`;
}

async function answerTo(place: Place, id: string, token: string): Promise<{ status: number; text: string }> {
  const value = place.isCursor ? cursorOf(id) : id;
  const call = { query: documentFor(place), variables: variablesFor(place, value) };
  if (place.operation === 'subscription') {
    const refusals = [];
    for (const transport of [overWs(app.graphqlUrl, call, token), overSse(app.graphqlUrl, call, token)]) {
      const watch = new Watch(place.name, transport, (data) => data);
      refusals.push(await Promise.race([watch.refused(), watch.next()]));
      await watch.stop();
    }
    return { status: 0, text: JSON.stringify(refusals) };
  }
  const response = await fetch(app.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(call),
  });
  return { status: response.status, text: await response.text() };
}

function cursorOf(id: string): string {
  return Buffer.from(`GPC:S:${id}`).toString('base64');
}

/** Everything of hers, and what was asked of fal. */
async function everything(): Promise<string> {
  const rows = await app.execute(AvatarsDocument, { first: 100 }, { token: alice });
  const mine = await app.execute(AvatarsDocument, { first: 100 }, { token: bob });
  return JSON.stringify([rows, mine, app.simulator.requests().length]);
}

const PLACES = places();

test('the places that take an id are these; a new one is tried by itself', () => {
  expect(PLACES.map(({ name }) => name).toSorted()).toEqual([
    'mutation cancelTraining(input.avatarId)',
    'mutation deleteAvatar(input.avatarId)',
    'mutation generateImage(input.avatarId)',
    'mutation startTraining(input.avatarId)',
    'query avatar(id)',
    'query avatars(after)',
    'query avatars(before)',
    'query generation(id)',
    'query node(id)',
    'subscription avatarStatus(avatarId)',
    'subscription generationStatus(generationId)',
  ]);
});

describe('with an id of somebody else’s every place answers as with an id of nothing', () => {
  let before: string;
  beforeAll(async () => {
    before = await everything();
  });

  const cases = PLACES.flatMap((place) => KINDS.map(([kind, id]) => [place.name, kind, place, id] as const));
  test.each(cases)('%s, %s', async (_name, _kind, place, id) => {
    const nobody = nobodys(id);

    const foreign = await answerTo(place, id, bob);
    const absent = await answerTo(place, nobody, bob);

    expect(foreign.text.replaceAll(id, nobody).replaceAll(cursorOf(id), cursorOf(nobody))).toBe(absent.text);
    expect(foreign.status).toBe(absent.status);
    expect(foreign.text).not.toMatch(/INTERNAL|GRAPHQL_VALIDATION|OPERATION_TOO_LARGE|Unknown|Cannot query/);
    expect(await everything()).toBe(before);
  });

  test.each(
    PLACES.filter(({ operation }) => operation !== 'mutation').map((place) => [place.name, place] as const),
  )('%s finds it for its owner, so that the place is tried at all', async (_name, place) => {
    const answers = await Promise.all(KINDS.map(([, id]) => answerTo(place, id, alice)));
    const misses = await Promise.all(KINDS.map(([, id]) => answerTo(place, nobodys(id), alice)));
    const found = answers.filter(({ text }, index) => text !== misses[index]?.text);
    // A cursor of hers at her only row leads to an empty page, as one of nothing does.
    if (!place.isCursor) expect(found).not.toEqual([]);
  });

  test('a cursor of somebody else’s leads nowhere in the images of an avatar either', async () => {
    for (const [name, page] of [
      ['after', 'first'],
      ['before', 'last'],
    ]) {
      const ask = async (id: string) => {
        const query = `{ avatar(id: "${his.id}") { generations(${name}: "${cursorOf(id)}", ${page}: 5) { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } } }`;
        const response = await fetch(app.graphqlUrl, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${bob}` },
          body: JSON.stringify({ query }),
        });
        return response.text();
      };
      for (const [, id] of KINDS) {
        const foreign = await ask(id);
        expect(foreign).toBe(await ask(nobodys(id)));
        expect(foreign).not.toContain('INTERNAL');
      }
    }
  });
});

/** Mulberry32: the same walk every time, so that one that fails can be taken again. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

test('in a walk of two owners nothing that one is told has an id of the other in it', async () => {
  const STEPS = 200;
  const roll = dice(20_260_713);
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
    app.avatarStatus({}, { over: 'ws', token }),
    app.avatarStatus({}, { over: 'sse', token }),
  ]);

  const send = async (owner: Owner, query: string, variables: object, sent: string) => {
    const response = await fetch(app.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${owner.token}` },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
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
        await send(owner, query, { i: { avatarId, imagesUrl: NEEDED['imagesUrl'] } }, avatarId);
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
        const watch = app.avatarStatus(
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
      default:
        await send(
          owner,
          'query($after: String) { avatars(first: 50, after: $after) { edges { cursor node { id falRequestId generations { edges { node { id } } } } } } }',
          roll(2) === 0 ? {} : { after: cursorOf(avatarId) },
          '',
        );
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
    for (const id of [...teller.avatars, ...teller.images, hers.id, his.id]) {
      expect(heard).not.toContain(id);
      expect(heard).not.toContain(cursorOf(id));
    }
  }
  for (const watch of watches) {
    expect(watch.seen.length).toBeGreaterThan(5);
    await watch.stop();
  }
});

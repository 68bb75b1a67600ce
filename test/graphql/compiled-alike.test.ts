import { beforeAll, expect, inject, test } from 'vitest';
import { CompiledQueries } from '../../src/graphql/compiled-queries.ts';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { DEFAULT_TRAINERS } from '../../src/catalog/trainers.ts';
import { execute, parse, validate, type ExecutionResult } from 'graphql';
import { randomFor } from '../support/prng.ts';
import { randomQuery } from '../support/random-query.ts';
import { schema } from '../../src/graphql/schema.ts';
import { setImmediate as turn } from 'node:timers/promises';
import type { PageOfRows } from '../../src/graphql/reads.ts';
import type { Context } from '../../src/graphql/context.ts';

/** More uses than it takes to compile a query. */
const USES = 11;
const QUERIES = inject('everyPair') ? 400 : 60;
const AVATARS = [1, 2, 3].map((n) => `avt_0000000000007000800000000000000${n}`);
const GENERATIONS = [1, 2, 3].map((n) => `gen_0000000000007000800000000000000${n}`);
const TIME = '2026-11-26T10:20:30.456Z';
const ANSWERS = [{ a: [1, null, 'é'], toString: 1 }, [], 'x', 0, false] as const;

// The server loads it at the first compilation.
beforeAll(() => import('graphql-jit').then(() => undefined));

/** @param failing whether rows are missing, broken or cannot be read */
function contextFor(seed: string, failing: 'nothing' | 'reads' | 'values', onRead: () => void): Context {
  const row = (id: string) => {
    const random = randomFor(`${seed} ${id}`);
    const maybe = <T>(value: T) => (random.chance(0.3) ? null : value);
    const always = <T>(value: T) => (failing === 'values' && random.chance(0.05) ? null : value);
    const image = { url: always('u'), width: maybe(1), flagged: always(true) };
    const status = failing === 'values' ? random.pick(['COMPLETED', 'QUEUED', 'ODD']) : 'QUEUED';
    return {
      id,
      ownerId: 'ada',
      avatarId: random.pick(AVATARS),
      name: always('"é"'),
      trainingType: always('STYLE'),
      status: always(status),
      falRequestId: maybe('r'),
      diffusersLoraFileUrl: maybe('u'),
      artifactTrainer: maybe('FLUX_PRO'),
      falResponseData: maybe(random.pick(ANSWERS)),
      progressPercent: maybe(3),
      errorCode: maybe('PROVIDER_FAILED'),
      errorMessage: maybe('no'),
      version: always(2),
      triggerPhrase: 'TOK',
      trainingStartedAt: maybe(TIME),
      createdAt: always(TIME),
      updatedAt: TIME,
      prompt: always('tea'),
      numImages: 2,
      seed: maybe(4_294_967_296n),
      images: maybe([image, { url: 'v', flagged: false }]),
      tags: ['tea'],
      loraUrls: [],
    };
  };
  const read = (what: string) => {
    onRead();
    if (failing === 'reads' && randomFor(`${seed} read ${what}`).chance(0.2)) throw new Error(`no ${what}`);
  };
  const one = async (_owner: string, id: string) => {
    read(id);
    return failing !== 'values' && randomFor(`${seed} exists ${id}`).chance(0.2) ? null : row(id);
  };
  const list = async (ids: readonly string[], of: string, { limit }: PageOfRows) => {
    read(of);
    return ids.slice(0, limit).map(row);
  };
  const rows = {
    avatar: one,
    generation: one,
    avatarsOf: (owner: string, page: PageOfRows) => list(AVATARS, owner, page),
    countAvatarsOf: async () => AVATARS.length,
    generationsOfOwner: (owner: string, page: PageOfRows) => list(GENERATIONS, owner, page),
    countGenerationsOfOwner: async () => GENERATIONS.length,
    countGenerationsOf: async () => GENERATIONS.length,
    generationsOf: (avatar: string, page: PageOfRows) => list(GENERATIONS, avatar, page),
    trainingsOf: (avatar: string, page: PageOfRows) => list(GENERATIONS, `trainings ${avatar}`, page),
  };
  const goneEndpoints = { isGone: async () => true };
  const deps = { catalog: BUILT_IN, goneEndpoints, settings: { defaultTrainers: DEFAULT_TRAINERS } };
  const photoOf = (id: string) => ({ ...row(id), state: 'REFUSED', reasonCode: 'DAMAGED', warningCodes: [] });
  const photoSet = async ({ where: { id } }: { readonly where: { readonly id: string } }) => {
    read(`photos ${id}`);
    return { trainingType: 'STYLE', photosVersion: 2, photos: GENERATIONS.map(photoOf) };
  };
  const prisma = { avatar: { findFirst: photoSet } };
  const viewer = { ownerId: 'ada', expiresAt: null };
  return { viewer, rows, prisma, deps } as unknown as Context;
}

/** Which of several errors are reported, and in which order, is left open by GraphQL. */
function comparable({ data, errors }: ExecutionResult): object {
  return { data: JSON.stringify(data), hasErrors: errors !== undefined };
}

test.each(['nothing', 'reads', 'values'] as const)(
  'random queries have the same results compiled, when %s fails',
  async (failing) => {
    const tried = { queries: 0, compiled: 0 };
    let isLooking = false;
    const onRead = () => {
      // Once a query: the stack is slow to make.
      if (isLooking && new Error().stack?.includes('graphql-jit')) tried.compiled += 1;
      isLooking = false;
    };
    for (let seed = 0; seed < QUERIES; seed += 1) {
      const { text, variables } = randomQuery(schema, `${failing} ${seed}`, [...AVATARS, ...GENERATIONS]);
      const document = parse(text);
      if (validate(schema, document).length > 0) continue;
      // graphql-js leaves the error of a field unhandled when a later entry of the field's list breaks the list.
      if (failing === 'values' && /\([^)]*\bfirst: [^)]*\blast: /.test(text)) continue;
      tried.queries += 1;
      const contextValue = contextFor(String(seed), failing, onRead);
      const expected = await execute({ schema, document, contextValue, variableValues: variables });
      const query = new CompiledQueries(schema).find(text, null, () => parse(text));
      for (let use = 0; use < USES; use += 1) await query?.execute(contextValue, variables);
      await turn();
      isLooking = true;
      const actual = await query?.execute(contextValue, variables);
      isLooking = false;
      expect({ text, variables, ...comparable(actual ?? {}) }).toEqual({
        text,
        variables,
        ...comparable(expected),
      });
    }
    expect(tried.queries).toBeGreaterThan(QUERIES / 2);
    expect(tried.compiled).toBeGreaterThan(QUERIES / 10);
  },
);

const NODE = `{ node(id: "${AVATARS[0]}") { __typename } }`;

test.each<[what: string, text: string, variables?: Record<string, unknown>]>([
  [
    'a default of a variable that cannot be null',
    'query ($a: Int! = 1) { avatars(first: $a) { __typename } }',
  ],
  ['a variable named like a method', 'query ($toString: Int) { avatars(first: $toString) { __typename } }'],
  ['an alias named like the prototype', '{ __proto__: __typename }'],
  [
    'a fragment with and without a condition',
    `query ($a: Boolean!) { ...F @include(if: $a) ...F } fragment F on Query ${NODE}`,
    { a: false },
  ],
  [
    'two conditions of one fragment',
    `query ($a: Boolean!) { a: trainers { ...F @skip(if: $a) } trainers { ...F } } fragment F on TrainerInfo { name }`,
    { a: true },
  ],
])('%s has the same result compiled', async (_what, text, variables = {}) => {
  const contextValue = contextFor('1', 'nothing', () => undefined);
  const expected = await execute({ schema, document: parse(text), contextValue, variableValues: variables });
  expect(expected.errors).toBeUndefined();
  const query = new CompiledQueries(schema).find(text, null, () => parse(text));
  for (let use = 0; use < USES; use += 1) await query?.execute(contextValue, variables);
  await turn();
  expect(JSON.stringify(await query?.execute(contextValue, variables))).toEqual(JSON.stringify(expected));
});

/** What graphql-jit replaces in the code that it generates by what follows. */
const MARK = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d';
const CODE = `"${MARK}globalThis.hasRun = true"`;

test.each([
  ['an argument', `{ avatar(id: ${CODE}) { id } }`],
  ['a block', `{ avatar(id: ""${CODE}"") { id } }`],
  ['a default', `query ($a: ID! = ${CODE}) { avatar(id: $a) { id } }`],
])('a text never becomes code: %s', async (_what, text) => {
  const query = new CompiledQueries(schema).find(text, null, parse);
  for (let use = 0; use <= USES; use += 1) {
    await query?.execute(
      contextFor('1', 'nothing', () => undefined),
      {},
    );
    await turn();
  }
  expect(globalThis).not.toHaveProperty('hasRun');
});

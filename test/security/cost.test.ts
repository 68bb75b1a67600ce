import { afterAll, describe, expect, test } from 'vitest';
import { AvatarsDocument, FindAvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { rawCaller, repeated } from '../support/raw-graphql.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startTestApp } from '../support/test-app.ts';

const PER_MINUTE = 30_000;
const app = await startTestApp({
  env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET, LIMIT_COST_PER_MINUTE: String(PER_MINUTE) },
});
afterAll(() => app.close());

const callerOf = async (owner: string) => rawCaller(app.graphqlUrl, await tokenOf(owner));
const pages = (count: number, length: number) =>
  `{ ${repeated(count, (index) => `a${index}: avatars(first: ${length}) { edges { node { id } } }`)} }`;

describe('an operation that costs too much is refused before it is executed', () => {
  test.each<[what: string, query: string, variables?: object]>([
    ['49 aliases for pages of 100', pages(49, 100)],
    [
      'many pages of a length that a variable has',
      pages(49, 100).replaceAll('100', '$n').replace('{', 'query ($n: Int) {'),
      { n: 100 },
    ],
    ['the same by default', pages(49, 100).replaceAll('100', '$n').replace('{', 'query ($n: Int = 100) {')],
    [
      'pages in pages',
      '{ avatars(first: 100) { edges { node { generations(first: 100) { edges { node { id } } } } } } }',
    ],
    [
      'many numbers of entries',
      `{ ${repeated(49, (index) => `a${index}: avatars(first: 10) { edges { node { generations(first: 1) { a: totalCount b: totalCount } } } }`)} }`,
    ],
    [
      'pages in a fragment',
      `{ ${repeated(49, (index) => `a${index}: avatars(first: 100) { ...F }`)} } fragment F on AvatarConnection { edges { node { id } } }`,
    ],
  ])('%s', async (_what, query, variables = {}) => {
    const { ask } = await callerOf('costly');
    expect(await ask(query, { variables })).toMatchObject({ codes: ['OPERATION_TOO_LARGE'] });
  });

  test('a list that is no page, as long as it may be', async () => {
    const { ask } = await callerOf('photos');
    const sets = (count: number) =>
      `{ ${repeated(count, (index) => `a${index}: photoSet(avatarId: "a") { photos { id name url expiresAt } }`)} }`;
    expect((await ask(sets(40))).codes).toEqual(['OPERATION_TOO_LARGE']);
    expect((await ask(sets(2))).codes).toEqual([]);
  });

  test('of a subscription, which is executed for every event', async () => {
    const socket = await RawSocket.connected(app.graphqlUrl, await tokenOf('costly'));
    socket.subscribe(
      's',
      'subscription { avatarStatus { generations(first: 100) { edges { node { id avatar { generations(first: 10) { edges { node { id } } } } } } } } }',
    );
    expect(await socket.until(({ id }) => id === 's')).toMatchObject({
      payload: { errors: [{ extensions: { code: 'OPERATION_TOO_LARGE' } }] },
    });
    await socket.end();
  });

  test('and what clients ask for is not', async () => {
    await app.execute(AvatarsDocument, { first: 100 }, { token: await tokenOf('usual') });
    await app.execute(FindAvatarsDocument, { first: 100 }, { token: await tokenOf('finding') });
  });
});

describe('what a stream was asked with is bounded, since it is kept for as long as the stream is open', () => {
  const query = 'subscription { avatarStatus { id } }';
  test.each<[what: string, variables: object]>([
    ['many lists', { x: Array.from({ length: 20_000 }, () => []) }],
    ['deep lists', JSON.parse(`{"x":${'['.repeat(3000)}${']'.repeat(3000)}}`) as object],
    ['a long text', { x: 'x'.repeat(80_000) }],
    ['many names', Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`name${index}`, 1]))],
  ])('%s', async (_what, variables) => {
    const { send, headers } = await callerOf('streams');
    const body = JSON.stringify({ query, variables });
    const answer = await send({ method: 'POST', headers: { ...headers, accept: 'text/event-stream' }, body });
    expect(answer.text).toContain('OPERATION_TOO_LARGE');
    const socket = await RawSocket.connected(app.graphqlUrl, await tokenOf('streams'));
    // What the operation does not declare is dropped there.
    socket.subscribe('s', query, variables);
    socket.say({ type: 'complete', id: 's' });
    socket.subscribe('after', '{ __typename }');
    await socket.until(({ id }) => id === 'after');
    await socket.end();
  });
});

describe('an owner that has used up a minute’s worth', () => {
  test('is told when to come again, over HTTP and WebSocket, and others are not', async () => {
    const { ask } = await callerOf('eager');
    const page = pages(10, 30);
    let answer = await ask(page);
    for (let times = 0; times < 20 && answer.status === 200; times += 1) answer = await ask(page);

    expect(answer).toMatchObject({ status: 429, codes: ['LIMIT_EXCEEDED'] });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.text).toContain('retryAfterSeconds');
    const socket = await RawSocket.connected(app.graphqlUrl, await tokenOf('eager'));
    socket.subscribe('q', page);
    expect(await socket.until(({ id }) => id === 'q')).toMatchObject({
      payload: { errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] },
    });
    await socket.end();
    expect(await (await callerOf('other')).ask(page)).toMatchObject({ status: 200, codes: [] });
  });
});

describe('a batch costs as much as its calls', () => {
  const page = 'generations(first: 100) { edges { node { id } } }';
  const shown = `{ ... on GenerateImagesPayload { results { ... on GenerateImagePayload { generation { avatar { ${repeated(6, (index) => `a${index}: ${page}`)} } } } } } }`;
  const items = (count: number) => Array.from({ length: count }, () => ({ prompt: 'tea' }));
  const literal = (count: number) =>
    `mutation { generateImages(input: { avatarId: "a", items: [${repeated(count, () => '{ prompt: "tea" }')}] }) ${shown} }`;
  const ofList = `mutation ($items: [GenerateImagesItem!]!) { generateImages(input: { avatarId: "a", items: $items }) ${shown} }`;
  const ofInput = `mutation ($input: GenerateImagesInput!) { generateImages(input: $input) ${shown} }`;

  test.each<[what: string, query: (count: number) => string, variables: (count: number) => object]>([
    ['in the text', literal, () => ({})],
    ['in a variable', () => ofList, (count) => ({ items: items(count) })],
    [
      'in a variable with the whole input',
      () => ofInput,
      (count) => ({ input: { avatarId: 'a', items: items(count) } }),
    ],
  ])('that are %s', async (what, query, variables) => {
    const { ask } = await callerOf(`batch ${what}`);
    expect(await ask(query(10), { variables: variables(10) })).toMatchObject({
      codes: ['OPERATION_TOO_LARGE'],
    });
    expect(await ask(query(2), { variables: variables(2) })).toMatchObject({ codes: [] });
  });

  test('and is one call beside which no other starts a run', async () => {
    const { ask } = await callerOf('batches');
    const call = 'generateImages(input: { avatarId: "a", items: [] }) { __typename }';
    expect(await ask(`mutation { a: ${call} b: ${call} }`)).toMatchObject({ codes: ['OPERATION_TOO_LARGE'] });
  });
});

test('names in an answer are bounded, since an answer repeats them for every entry', async () => {
  const { ask } = await callerOf('names');
  expect((await ask(`{ ${'a'.repeat(100)}: __typename }`)).codes).toEqual([]);
  expect((await ask(`{ ${'a'.repeat(101)}: __typename }`)).codes).toEqual(['OPERATION_TOO_LARGE']);
});

test('a mutation has ten fields at most', async () => {
  const { ask } = await callerOf('mutations');
  const call = (index: number) =>
    `a${index}: createAvatar(input: { name: "", trainingType: STYLE }) { __typename }`;
  expect((await ask(`mutation { ${repeated(10, call)} }`)).codes).toEqual([]);
  expect((await ask(`mutation { ${repeated(11, call)} }`)).codes).toEqual(['OPERATION_TOO_LARGE']);
});

test('an answer holds twenty errors at most', async () => {
  const { ask } = await callerOf('errors');
  const { id } = await app.newAvatar({}, { token: await tokenOf('errors') });
  const { codes } = await ask(
    `{ ${repeated(25, (index) => `a${index}: avatar(id: "${id}") { generations(first: -1) { __typename } }`)} }`,
  );
  expect(codes).toHaveLength(20);
});

test('variables are checked up to the first error, since each error quotes the whole value', async () => {
  const { ask } = await callerOf('variables');
  const input = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`unknown${index}`, 1]));
  const query = 'mutation ($input: CreateAvatarInput!) { createAvatar(input: $input) { __typename } }';
  const { errors } = JSON.parse((await ask(query, { variables: { input } })).text) as { errors: object[] };
  expect(errors).toHaveLength(1);
});

describe('fragments that no operation uses count like the others', () => {
  test.each<[what: string, query: string]>([
    [
      'with fields one too many',
      `{ __typename } fragment F on Query { ${repeated(400, () => '__typename')} }`,
    ],
    [
      'many of them',
      `{ __typename } ${repeated(31, (index) => `fragment F${index} on Query { __typename }`)}`,
    ],
    [
      'with directives one too many',
      `{ __typename } fragment F on Query { __typename ${repeated(31, () => '@a')} }`,
    ],
    [
      'with directives of their own',
      `{ __typename } fragment F on Query ${repeated(31, () => '@a')} { __typename }`,
    ],
    ['with long aliases', `{ __typename } fragment F on Query { ${'a'.repeat(101)}: __typename }`],
    ['variables with directives', `query (${repeated(31, (index) => `$v${index}: Int @a`)}) { __typename }`],
  ])('%s', async (_what, query) => {
    const { ask } = await callerOf('fragments');
    expect((await ask(query)).codes).toEqual(['OPERATION_TOO_LARGE']);
  });
});

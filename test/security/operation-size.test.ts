import { afterAll, describe, expect, test } from 'vitest';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { DOCUMENT_LIMITS } from '../../src/graphql/policy/document-limits.ts';
import { rawCaller, repeated } from '../support/raw-graphql.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startTestApp } from '../support/test-app.ts';

const production = await startTestApp({ env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => production.close());

const { graphqlUrl } = production;
const token = await tokenOf('ada');
const { ask } = rawCaller(graphqlUrl, token);

const { tokens, depth, fields, aliases, directives } = DOCUMENT_LIMITS;

/** Doubles with every fragment: a few hundred bytes that stand for a thousand million fields. */
const BOMB = `query { ...F0 } ${repeated(30, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F30 on Query { trainers { name } }`;

describe('an operation that is too large is refused before it is validated', () => {
  test.each<[what: string, query: string]>([
    ['101 aliases', `{ ${repeated(101, (index) => `a${index}: __typename`)} }`],
    ['500 times the same field', `{ ${repeated(500, () => '__typename')} }`],
    ['fields one too many', `{ ${repeated(fields + 1, () => '__typename')} }`],
    ['aliases one too many', `{ ${repeated(aliases + 1, (index) => `a${index}: __typename`)} }`],
    ['levels one too many', `{ a ${'{ a '.repeat(depth)} ${'}'.repeat(depth)} }`],
    ['levels that are circles of the schema', circle(20)],
    ['directives one too many', `{ __typename ${repeated(directives + 1, () => '@skip(if: false)')} }`],
    ['directives that do not exist', `{ __typename ${repeated(500, () => '@nope')} }`],
    ['directives on the operation', `query ${repeated(directives + 1, () => '@nope')} { __typename }`],
    ['a bomb of fragments', BOMB],
    [
      'aliases in a fragment used twice',
      `{ ...F ...F } fragment F on Query { ${repeated(30, (index) => `a${index}: __typename`)} }`,
    ],
    [
      'the second of two operations',
      `query A { __typename } query B { ${repeated(fields + 1, () => '__typename')} }`,
    ],
  ])('%s', async (_what, query) => {
    expect(await ask(query, query.includes('query A') ? { operationName: 'A' } : {})).toMatchObject({
      codes: ['OPERATION_TOO_LARGE'],
    });
  });

  test.each<[what: string, query: string]>([
    ['5,000 fields', `{ ${repeated(5000, () => '__typename')} }`],
    ['50,000 tokens', `{ ${repeated(49_000, () => 'a')} }`],
    ['one token too many', `{ ${repeated(tokens - 1, () => 'a')} }`],
    ['20,000 open braces', '{a'.repeat(20_000)],
    ['20,000 open brackets in a value', `{ a(b: ${'['.repeat(20_000)}) }`],
    ['20,000 directives', `{ a ${'@a'.repeat(20_000)} }`],
  ])('%s are not even parsed to the end', async (_what, query) => {
    const answer = await ask(query);

    expect(answer.text).toMatch(/more tha[nt] 2000 tokens|exceeds 20000 characters/);
    expect(answer.text).not.toContain('"data"');
  });

  test('over a socket just the same', async () => {
    const socket = await RawSocket.connected(graphqlUrl, token);
    const queries = { bomb: BOMB, tokens: `{ ${repeated(30_000, () => 'a')} }`, circle: circle(20) };
    for (const [id, query] of Object.entries(queries)) {
      socket.subscribe(id, query);
      expect(await socket.until((frame) => frame.id === id)).toMatchObject({ type: 'error' });
    }
    socket.subscribe('fine', '{ trainers { name } }');
    expect(await socket.until(({ id }) => id === 'fine')).toMatchObject({ type: 'next' });
    await socket.end();
  });

  test('and whatever is just within the limits is answered', async () => {
    expect(await ask(`{ ${repeated(fields, () => '__typename')} }`)).toMatchObject({
      status: 200,
      codes: [],
    });
    expect(await ask(`{ ${repeated(aliases, (index) => `a${index}: __typename`)} }`)).toMatchObject({
      codes: [],
    });
  });

  test('circular fragments are an error and no endless loop', async () => {
    const query = '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }';
    expect((await ask(query)).codes).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  });

  test('a server that is bombed goes on answering others', async () => {
    const bombs = Promise.all(
      Array.from({ length: 100 }, (_, index) => ask(index % 2 === 0 ? BOMB : circle(20))),
    );
    await production.execute(AvatarsDocument, { first: 1 }, { token });
    for (const { codes } of await bombs) expect(codes).toEqual(['OPERATION_TOO_LARGE']);
  });
});

test.each([
  'avatars(first: 101)',
  'avatars(first: 999999)',
  'avatars(last: 101)',
  'avatars(first: -1)',
  'avatars(first: 1, last: 1)',
  'avatars(after: "nonsense")',
])('a page has its limits: %s', async (field) => {
  const { codes, text } = await ask(`{ ${field} { edges { cursor } } }`);
  expect(['INVALID_INPUT', 'OPERATION_TOO_LARGE']).toContain(codes[0]);
  expect(text).not.toContain('"edges"');
});

function circle(times: number): string {
  return `{ avatars { edges { node { ${'generations { edges { node { avatar { '.repeat(times)} id ${'} } } }'.repeat(times)} } } } }`;
}

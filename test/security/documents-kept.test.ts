import { afterAll, describe, expect, test } from 'vitest';
import { heapUsed } from '../support/heap-used.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { DOCUMENT_LIMITS } from '../../src/graphql/policy/document-limits.ts';
import { rawCaller, repeated } from '../support/raw-graphql.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { startTestApp } from '../support/test-app.ts';

const production = await startTestApp({ env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => production.close());

const { graphqlUrl } = production;
const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')];

const MB = 1_000_000;

/** What the server says of an operation over HTTP, and the same over a socket. */
async function said(token: string, query: string, variables: object = {}): Promise<[string, string]> {
  const socket = await RawSocket.connected(graphqlUrl, token);
  socket.subscribe('1', query, variables);
  const frame = await socket.until(({ id }) => id === '1');
  await socket.end();
  return [(await rawCaller(graphqlUrl, token).ask(query, { variables })).text, JSON.stringify(frame)];
}

describe('a document that is known already', () => {
  test.each<[what: string, query: string, refusal: RegExp]>([
    ['too large', `{ ${repeated(DOCUMENT_LIMITS.fields + 1, () => '__typename')} }`, /OPERATION_TOO_LARGE/],
    ['asking for the schema', '{ __schema { types { name } } }', /introspection/],
    ['not valid', '{ avatrs { edges { cursor } } }', /Cannot query field/],
    ['not even a document', '{ avatars', /Syntax Error/],
  ])('is refused again when it is %s', async (_what, query, refusal) => {
    for (let times = 0; times < 3; times += 1) {
      for (const answer of await said(ada, query)) {
        expect(answer).toMatch(refusal);
        expect(answer).not.toContain('"data"');
        expect(answer).not.toMatch(/did you mean/i);
      }
    }
  });

  test('is answered to each asker, and for the variables of each time', async () => {
    const query = 'query ($first: Int) { avatars(first: $first) { edges { node { name } } } }';
    const { ask } = rawCaller(graphqlUrl, ada);
    await ask('mutation { createAvatar(input: { name: "Ada’s", trainingType: STYLE }) { __typename } }');
    for (let times = 0; times < 2; times += 1) {
      for (const answer of await said(ada, query, { first: 1 })) expect(answer).toContain('Ada’s');
      for (const answer of await said(bob, query, { first: 1 })) expect(answer).toContain('"edges":[]');
      for (const answer of await said(ada, query, { first: 101 })) expect(answer).toContain('INVALID_INPUT');
    }
    const response = await fetch(graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    expect(await response.text()).toContain('UNAUTHENTICATED');
  });
});

test('documents that nobody sends again take no memory, whoever sends them', async () => {
  const before = heapUsed();
  for (let index = 0; index < 60; index += 1) {
    const query = `query q${index} { ${repeated(DOCUMENT_LIMITS.tokens - 10, () => 'a')} }`;
    expect((await rawCaller(graphqlUrl, ada).ask(query)).codes).toEqual(['OPERATION_TOO_LARGE']);
  }
  // Each takes a megabyte while it is kept.
  expect(heapUsed() - before).toBeLessThan(25 * MB);
});

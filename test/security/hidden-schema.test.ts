import { afterAll, describe, expect, test } from 'vitest';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { rawCaller } from '../support/raw-graphql.ts';
import { startTestApp } from '../support/test-app.ts';

const production = await startTestApp({ env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => production.close());

const { ask, send, headers: JSON_HEADERS } = rawCaller(production.graphqlUrl, await tokenOf('ada'));

describe('in production the schema is not told', () => {
  test.each([
    '{ __schema { types { name } } }',
    '{ __type(name: "Query") { name fields { name } } }',
    '{ ...F } fragment F on Query { a: __schema { queryType { name } } }',
    '{ __schema { types { fields { type { fields { type { name } } } } } } }',
  ])('to %s', async (query) => {
    const { text, codes } = await ask(query);
    expect(new Set(codes)).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
    expect(text).not.toContain('"data"');
    const get = await send({ headers: JSON_HEADERS }, `?query=${encodeURIComponent(query)}`);
    expect(get.text).not.toContain('"data"');
  });

  test.each([
    '{ avatrs { edges { node { id } } } }',
    '{ avatars(frist: 1) { edges { node { id } } } }',
    '{ avatars { edges { node { nam } } } }',
    'mutation { createAvatr { id } }',
    '{ node(id: "x") { ... on Avatr { id } } }',
    'query($a: Avatr) { node(id: "x") { id } }',
    'mutation { createAvatar(input: { name: "x", trainingType: STYL }) { __typename } }',
    'mutation { createAvatar(input: { nam: "x", trainingType: STYLE }) { __typename } }',
    'mutation($t: TrainingType!) { createAvatar(input: { name: "x", trainingType: $t }) { __typename } }',
  ])('by a hint to %s', async (query) => {
    const { text } = await ask(query, { variables: { t: 'STYL' } });
    expect(text).toContain('errors');
    expect(text).not.toMatch(/did you mean|values are/i);
  });

  test('by a page for people, or a landing page', async () => {
    for (const path of ['', '/', '/graphiql', '/playground', '?raw']) {
      const page = await send({ headers: { accept: 'text/html' } }, path);
      expect(page.headers.get('content-type') ?? '').not.toContain('text/html');
      expect(page.text.toLowerCase()).not.toMatch(/graphiql|playground|yoga/);
    }
  });

  test('and no error tells how the server is built', async () => {
    for (const { text, headers } of [
      await ask('{'),
      await ask('{ nothing }'),
      await ask('query($id: ID!) { avatar(id: $id) { id } }'),
      await send({ method: 'POST', headers: JSON_HEADERS, body: '{"query": oops-7d1f}' }),
      await send({ method: 'POST', headers: { ...JSON_HEADERS, authorization: 'Bearer x' }, body: '{}' }),
    ]) {
      expect(text).not.toMatch(/stack|node_modules|\.ts\b|originalError|tracing|oops-7d1f|"exception"/);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
    }
    expect((await ask('{ __typename }')).text).toBe('{"data":{"__typename":"Query"}}');
  });
});

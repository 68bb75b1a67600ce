import { afterAll, expect, test } from 'vitest';
import { AvatarByIdDocument, CreateAvatarDocument } from '../../src/generated/contract/graphql.ts';
import { sumOfSamples } from '../support/metric-samples.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

const asked = async (query: string, variables: unknown, accept: string) => {
  const response = await fetch(app.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ query, variables }),
  });
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  return { status: response.status, code: errors[0]?.extensions.code };
};

test.each([
  ['invalid variables', 'INVALID_INPUT', AvatarByIdDocument.toString(), { id: { a: 1 } }],
  ['missing variables', 'INVALID_INPUT', CreateAvatarDocument.toString(), {}],
  ['too high a cost', 'OPERATION_TOO_LARGE', pages('query ($n: Int)', '$n'), { n: 100 }],
  ['too high a cost in the text', 'OPERATION_TOO_LARGE', pages('', '100'), {}],
])(
  '%s: %s, with 400 for the media type of GraphQL and 200 for JSON',
  async (_what, code, query, variables) => {
    // Twice: a repeated query takes another way.
    for (let time = 0; time < 2; time++) {
      const accept = 'application/graphql-response+json';
      expect(await asked(query, variables, accept)).toEqual({ status: 400, code });
      expect(await asked(query, variables, 'application/json')).toEqual({ status: 200, code });
    }
  },
);

test('a 406 names each media type once, however many were asked for', async () => {
  const response = await fetch(app.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'image/png, image/gif, image/webp' },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
  expect(response.status).toBe(406);
  const types = (response.headers.get('accept') ?? '').split(', ');
  expect(types).toContain('application/json');
  expect(types).toEqual([...new Set(types)]);
});

test('requests are counted by route and status, with their durations', async () => {
  const read = async (name: string, labels: Readonly<Record<string, string>>) => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    return sumOfSamples(text, `likeness_http_${name}`, labels);
  };
  const bad = { route: 'graphql', status: '400' };
  const before = [
    await read('requests_total', bad),
    await read('request_duration_seconds_count', { route: 'graphql' }),
  ];
  const { status } = await app.ask(AvatarByIdDocument, { id: { a: 1 } as unknown as string });
  expect(status).toBe(400);
  const after = [
    await read('requests_total', bad),
    await read('request_duration_seconds_count', { route: 'graphql' }),
  ];
  expect(after).toEqual(before.map((count) => count + 1));
});

function pages(head: string, length: string): string {
  return `${head} { avatars(first: ${length}) { edges { node { generations(first: ${length}) { edges { cursor } } } } } }`;
}

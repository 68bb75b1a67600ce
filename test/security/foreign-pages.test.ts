import { afterAll, describe, expect, test } from 'vitest';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { rawCaller } from '../support/raw-graphql.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startTestApp } from '../support/test-app.ts';

const LISTED = 'https://app.example.com';

const production = await startTestApp({
  env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET, ALLOWED_ORIGINS: LISTED },
});
const local = await startTestApp();
afterAll(async () => {
  await production.close();
  await local.close();
});

const { graphqlUrl } = production;
const token = await tokenOf('ada');
const { send, headers: JSON_HEADERS } = rawCaller(graphqlUrl, token);
const CREATE = 'mutation { createAvatar(input: { name: "forged", trainingType: STYLE }) { __typename } }';

describe('only JSON that was posted changes anything', () => {
  test('several operations in one request are refused', async () => {
    const body = JSON.stringify(Array.from({ length: 10 }, () => ({ query: CREATE })));
    const { status, text } = await send({ method: 'POST', headers: JSON_HEADERS, body });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).not.toContain('"data"');
  });

  test('a mutation by GET is refused, and a query without proof of its sender too', async () => {
    const url = (query: string) => `?query=${encodeURIComponent(query)}`;
    expect((await send({ headers: JSON_HEADERS }, url(CREATE))).status).toBe(405);
    for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
      const bare = await send({ headers }, url('{ __typename }'));
      expect(bare.status).toBe(403);
      expect(bare.text).not.toContain('"data"');
    }
    const headers = { 'x-graphql-yoga-csrf': '1', authorization: `Bearer ${token}` };
    const proven = await send({ headers }, url('{ __typename }'));
    expect(proven.text).toBe('{"data":{"__typename":"Query"}}');
  });

  const forged: [what: string, init: RequestInit][] = [
    ['a url-encoded form', { body: new URLSearchParams({ query: CREATE }) }],
    ['a multipart form', { body: form({ operations: JSON.stringify({ query: CREATE }), map: '{}' }) }],
    ['a plain text', { body: JSON.stringify({ query: CREATE }), headers: { 'content-type': 'text/plain' } }],
    ['no type', { body: Buffer.from(JSON.stringify({ query: CREATE })) }],
    [
      'JSON in disguise',
      {
        body: JSON.stringify({ query: CREATE }),
        headers: { 'content-type': 'text/plain; application/json' },
      },
    ],
  ];
  test.each(forged)('%s is refused', async (_what, init) => {
    const foreign = {
      ...(init.headers as Record<string, string> | undefined),
      origin: 'https://evil.example',
    };
    const answer = await send({ method: 'POST', ...init, headers: foreign });
    expect([403, 415]).toContain(answer.status);
    expect(answer.text).toContain('application/json');
    expect(answer.text).toContain('"code":"FORBIDDEN"');
    // A browser adds by itself what it was told once: an authorization proves nothing about the page.
    for (const authorization of [`Bearer ${token}`, 'Basic YWRhOngK']) {
      const withToken = { ...foreign, authorization };
      expect((await send({ method: 'POST', ...init, headers: withToken })).status).toBe(403);
    }
    // The local user needs no token, so there a form would do the most harm.
    const response = await fetch(local.graphqlUrl, { method: 'POST', ...init });
    expect([400, 403, 415]).toContain(response.status);
    expect(await response.text()).not.toContain('"data"');
  });

  test('multipart is not read even with proof of its sender, so nothing can be reached through its map', async () => {
    const body = form({
      operations: '{"query":"{ __typename }","variables":{}}',
      map: '{"0":["__proto__.polluted"]}',
      0: 'x',
    });
    const proof = { 'x-graphql-yoga-csrf': '1' };
    const answer = await send({
      method: 'POST',
      headers: { ...proof, authorization: `Bearer ${token}` },
      body,
    });
    expect(answer.status).toBe(415);
    expect(answer.text).not.toContain('"data"');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('and nothing was made by any of them', async () => {
    expect((await production.execute(AvatarsDocument, { first: 5 }, { token })).avatars.edges).toEqual([]);
    expect((await local.execute(AvatarsDocument, { first: 5 })).avatars.edges).toEqual([]);
  });
});

describe('pages of other origins', () => {
  const allowedFor = async (url: string, origin: string) => {
    const response = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    return response.headers.get('access-control-allow-origin');
  };

  test('may read answers when they are listed, and not otherwise', async () => {
    expect(await allowedFor(graphqlUrl, LISTED)).toBe(LISTED);
    for (const origin of [
      'https://evil.example',
      `${LISTED}.evil.example`,
      'http://app.example.com',
      `${LISTED}:444`,
      'null',
    ]) {
      expect(await allowedFor(graphqlUrl, origin)).toBeNull();
      const answer = await send({
        method: 'POST',
        headers: { ...JSON_HEADERS, origin },
        body: '{"query":"{ __typename }"}',
      });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.headers.get('access-control-allow-credentials')).not.toBe('true');
    }
  });

  test.each(['https://evil.example', 'null', 'http://localhost.evil.example'])(
    'are not answered at all where there are no tokens: %s',
    async (origin) => {
      const response = await fetch(local.graphqlUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin },
        body: JSON.stringify({ query: CREATE }),
      });
      expect(response.status).toBe(403);
    },
  );

  test.each(['evil.example', '127.0.0.1.evil.example:4000', 'localhost.', '0.0.0.0'])(
    'nor is who calls this machine by the name "%s"',
    async (host) => {
      const { status } = await rawRequest(local.url, (write) => {
        const body = JSON.stringify({ query: CREATE });
        const lines = ['POST /graphql HTTP/1.1', `Host: ${host}`, 'Content-Type: application/json'];
        write([...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'));
        return () => undefined;
      });
      expect(status).toBe(403);
      expect((await local.execute(AvatarsDocument, { first: 5 })).avatars.edges).toEqual([]);
    },
  );
});

function form(fields: Readonly<Record<string, string>>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

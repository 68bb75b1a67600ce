import { afterAll, describe, expect, test } from 'vitest';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { QUERY_LIMITS } from '../../src/http/query-size.ts';
import { rawRequest } from './raw-http.ts';
import { RawSocket } from './raw-socket.ts';
import { startTestApp } from '../support/test-app.ts';

const LISTED = 'https://app.example.com';
const MAX_BYTES = 100_000;

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
const JSON_HEADERS = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
const CREATE = 'mutation { createAvatar(input: { name: "forged", trainingType: STYLE }) { __typename } }';

type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly codes: readonly unknown[];
};

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  let codes: unknown[] = [];
  try {
    const body = JSON.parse(text) as { errors?: { extensions?: { code?: unknown } }[] };
    codes = (body.errors ?? []).map(({ extensions }) => extensions?.code);
  } catch {
    // Not every refusal is JSON.
  }
  return { status: response.status, headers: response.headers, text, codes };
}

async function ask(query: string, more: object = {}): Promise<Answer> {
  const body = JSON.stringify({ query, ...more });
  return answerOf(await fetch(graphqlUrl, { method: 'POST', headers: JSON_HEADERS, body }));
}

async function send(init: RequestInit, path = ''): Promise<Answer> {
  return answerOf(await fetch(`${graphqlUrl}${path}`, init));
}

const repeated = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

const { tokens, depth, fields, aliases, directives } = QUERY_LIMITS;

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

    expect(answer.text).toMatch(/too many tokens|more than 2000 tokens|token limit|tokens/i);
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
    expect(text).not.toMatch(/did you mean/i);
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
    const bare = await send({}, url('{ __typename }'));
    expect(bare.status).toBe(403);
    expect(bare.text).not.toContain('"data"');
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
    const { text } = await send({ method: 'POST', headers: { authorization: `Bearer ${token}` }, body });
    expect(text).not.toContain('"data"');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('and nothing was made by any of them', async () => {
    expect((await production.execute(AvatarsDocument, { first: 5 }, { token })).avatars.edges).toEqual([]);
    expect((await local.execute(AvatarsDocument, { first: 5 })).avatars.edges).toEqual([]);
  });
});

describe('a body', () => {
  const padded = (bytes: number) => {
    const bare = JSON.stringify({ query: '{ __typename }', variables: { filler: '' } });
    return bare.replace('""', `"${'x'.repeat(bytes - bare.length)}"`);
  };

  test('of 100 KB is read, and one byte more is too much', async () => {
    const post = (body: string) => send({ method: 'POST', headers: JSON_HEADERS, body });
    expect(await post(padded(MAX_BYTES))).toMatchObject({ status: 200 });
    expect(await post(padded(MAX_BYTES + 1))).toMatchObject({ status: 413 });
  });

  test('is counted when its length is not declared', async () => {
    const { status } = await rawRequest(graphqlUrl, (write) => {
      const body = padded(MAX_BYTES + 1);
      const head = [`POST /graphql HTTP/1.1`, 'Host: x', 'Transfer-Encoding: chunked'];
      const headers = Object.entries(JSON_HEADERS).map(([name, value]) => `${name}: ${value}`);
      write([...head, ...headers, '', ''].join('\r\n'));
      write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
      return () => undefined;
    });
    expect(status).toBe(413);
  });

  test.each(
    [
      '',
      '{',
      'null',
      '[]',
      '1',
      '"x"',
      '{"query":1}',
      '{"query":null}',
      '{"query":"{a}","variables":[]}',
      '{"variables":{}}',
      '\0',
      '['.repeat(50_000),
    ].map((body) => [JSON.stringify(body).slice(0, 40), body]),
  )('that is no request is the sender’s mistake: %s', async (_, body) => {
    const headers = { ...JSON_HEADERS, accept: 'application/graphql-response+json' };
    const { status, text } = await send({ method: 'POST', headers, body });
    expect(status, text).toBeGreaterThanOrEqual(400);
    expect(status, text).toBeLessThan(500);
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

  test.each(['evil.example', '127.0.0.1.evil.example:4000', '', 'localhost.', '0.0.0.0'])(
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

function form(fields: Readonly<Record<string, string>>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

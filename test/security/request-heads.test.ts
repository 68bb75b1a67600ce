import { afterAll, describe, expect, test } from 'vitest';
import { rawRequest } from '../support/raw-http.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { startTestApp } from '../support/test-app.ts';

const METRICS_TOKEN = 'only-for-the-metrics-7b1e';
const production = await startTestApp({
  env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET, METRICS_TOKEN },
});
afterAll(() => production.close());

const local = await startTestApp();
afterAll(() => local.close());

const ROUTES = ['/', '/livez', '/readyz', '/metrics', '/graphql', '/webhooks/fal', '/nothing'];

type Line = { readonly method?: string; readonly path?: string; readonly version?: string };

function send(
  url: string,
  headers: readonly string[],
  { method = 'GET', path = '/', version = '1.1' }: Line = {},
) {
  return rawRequest(url, (write) => {
    write([`${method} ${path} HTTP/${version}`, ...headers, 'Connection: close', '', ''].join('\r\n'));
    return () => undefined;
  });
}

describe('the Host header', () => {
  const odd = [
    'a b',
    'x/metrics?',
    'x/metrics#',
    'x?y',
    'x#y',
    'user@x',
    'x\\metrics',
    '[',
    'x:99999',
    'ä',
    '<x>',
    '%',
    '',
  ];
  test.each(odd)('is refused on every route when it is no host: %j', async (host) => {
    for (const path of ROUTES) {
      const { status, head, body } = await send(production.url, [`Host: ${host}`], { path });
      expect([path, status]).toEqual([path, 400]);
      expect(head + body).not.toMatch(/node_modules|\.ts\b|at \S+ \(|likeness_/);
    }
  });

  test.each(['x', 'x:80', '127.0.0.1:4000', '[::1]:4000', 'a-b_c.example', 'X.EXAMPLE:8080'])(
    'is taken when it is one: %s',
    async (host) => {
      expect(await send(production.url, [`Host: ${host}`])).toMatchObject({ status: 200 });
    },
  );

  test('is refused when there are two', async () => {
    for (const second of ['x', 'y'])
      expect(await send(production.url, ['Host: x', `hOST: ${second}`])).toMatchObject({ status: 400 });
  });

  test('is not needed by HTTP/1.0, which has none', async () => {
    expect(await send(production.url, [], { path: '/livez', version: '1.0' })).toMatchObject({ status: 200 });
  });

  test('never chooses the route', async () => {
    for (const host of ['x/metrics?', 'x/graphql?', 'x/webhooks/fal?']) {
      const { status, body } = await send(local.url, [`Host: ${host}`], { path: '/' });
      expect(status).toBe(400);
      expect(body).not.toContain('likeness_');
    }
  });

  test('does not lead past the check of origins', async () => {
    const body = JSON.stringify({ query: '{ __typename }' });
    const { status } = await rawRequest(local.url, (write) => {
      const lines = ['POST / HTTP/1.1', 'Host: localhost/graphql?', 'Origin: https://evil.example'];
      const more = ['Content-Type: application/json', `Content-Length: ${body.length}`, '', body];
      write([...lines, ...more].join('\r\n'));
      return () => undefined;
    });
    expect(status).toBe(400);
  });
});

describe('a header that is parsed or echoed is bounded', () => {
  const LONG: [name: string, value: string][] = [
    ['Accept', ','.repeat(14_000)],
    ['Accept', 'a/b;q=1,'.repeat(1700)],
    ['Access-Control-Request-Headers', 'x,'.repeat(7000)],
    ['Access-Control-Request-Method', 'X'.repeat(14_000)],
    ['Content-Type', `application/json;${' '.repeat(14_000)}x`],
    ['Origin', `https://${'a'.repeat(14_000)}`],
    ['Host', 'a'.repeat(14_000)],
    ['Sec-WebSocket-Protocol', 'a,'.repeat(7000)],
    ['Sec-WebSocket-Extensions', 'a;'.repeat(7000)],
  ];
  test.each(LONG)('%s', async (name, value) => {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      for (const path of ROUTES) {
        const host = name === 'Host' ? [] : ['Host: x'];
        const { status, head } = await send(production.url, [...host, `${name}: ${value}`], { method, path });
        expect([method, path, status]).toEqual([method, path, 431]);
        expect(head.length).toBeLessThan(1000);
      }
    }
  });

  test('and so is what comes back for one that is just short enough', async () => {
    const token = await tokenOf('ada');
    const accept = `Accept: ${','.repeat(1000)}`;
    const { head } = await send(production.url, ['Host: x', accept, `Authorization: Bearer ${token}`], {
      path: '/graphql?query={__typename}',
    });
    expect(head.length).toBeLessThan(4000);
  });
});

describe('methods', () => {
  test('TRACE, which echoes headers, is allowed nowhere', async () => {
    for (const path of ROUTES) {
      const { status, head, body } = await send(production.url, ['Host: x', 'X-Secret: 5f1c'], {
        method: 'TRACE',
        path,
      });
      expect([path, status]).toEqual([path, 405]);
      expect(head + body).not.toContain('5f1c');
    }
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    '%s is not for pages that are read',
    async (method) => {
      for (const path of ['/', '/livez', '/readyz', '/metrics']) {
        const { status, head } = await send(production.url, ['Host: x', 'Content-Length: 0'], {
          method,
          path,
        });
        expect([path, status]).toEqual([path, 405]);
        expect(head.toLowerCase()).toContain('\r\nallow: get, head');
      }
    },
  );
});

test.each(['PUT', 'DELETE', 'PATCH'])('%s is no method of /graphql', async (method) => {
  const { status, head } = await send(production.url, ['Host: x', 'Content-Length: 0'], {
    method,
    path: '/graphql',
  });
  expect(status).toBe(405);
  expect(head).toContain('\r\nallow: GET, HEAD, POST, OPTIONS');
});

describe('metrics with a token', () => {
  const read = async (authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await fetch(`${production.url}/metrics`, { headers });
    return { status: answer.status, text: await answer.text() };
  };

  test('are read by who has it', async () => {
    const { status, text } = await read(`Bearer ${METRICS_TOKEN}`);
    expect(status).toBe(200);
    expect(text).toContain('likeness_webhooks_total');
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer x',
    METRICS_TOKEN,
    `Basic ${METRICS_TOKEN}`,
    `Bearer ${METRICS_TOKEN}x`,
  ])('and by nobody else: %j', async (authorization) => {
    const { status, text } = await read(authorization);
    expect(status).toBe(401);
    expect(text).not.toContain('likeness_');
  });

  test('tell nothing of owners', async () => {
    const token = await tokenOf('ada-whom-nobody-else-knows');
    const input = { name: 'Ada', trainingType: 'PORTRAIT' };
    await fetch(production.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        query: 'mutation ($input: CreateAvatarInput!) { createAvatar(input: $input) { __typename } }',
        variables: { input },
      }),
    });
    expect((await read(`Bearer ${METRICS_TOKEN}`)).text).not.toMatch(/ada-whom|avt_/);
  });
});

import { afterAll, describe, expect, test } from 'vitest';
import { rawCall } from '../support/raw-http.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

describe('every answer tells browsers what not to do with it', () => {
  const HEADERS = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  };
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
  test.each<[what: string, path: string, init: RequestInit]>([
    ['a GraphQL result', '/graphql', { ...post, body: '{"query":"{ __typename }"}' }],
    ['a GraphQL error', '/graphql', { ...post, body: '{"query":"{"}' }],
    ['bad JSON', '/graphql', { ...post, body: '{' }],
    ['a refused form', '/graphql', { method: 'POST', body: new URLSearchParams({ query: '{a}' }) }],
    ['a body too large', '/graphql', { ...post, body: 'x'.repeat(100_001) }],
    ['a preflight', '/graphql', { method: 'OPTIONS', headers: { origin: app.url } }],
    ['a method that is none of ours', '/graphql', { method: 'DELETE' }],
    [
      'a page of another origin',
      '/graphql',
      { ...post, headers: { origin: 'https://evil.example' }, body: '{}' },
    ],
    ['the playground', '/graphql', { headers: { accept: 'text/html', 'accept-encoding': 'identity' } }],
    ['something below GraphQL', '/graphql/x', {}],
    ['the start page', '/', {}],
    ['nothing there', '/nothing', {}],
    ['a webhook', '/webhooks/fal', { method: 'POST', body: '{}' }],
    ['no webhook', '/webhooks/fal', {}],
    ['life', '/livez', {}],
    ['readiness', '/readyz', {}],
    ['metrics', '/metrics', {}],
  ])('%s', async (_what, path, init) => {
    const response = await fetch(`${app.url}${path}`, init);
    await response.arrayBuffer();

    for (const [name, value] of Object.entries(HEADERS)) expect(response.headers.get(name)).toBe(value);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*(unsafe-inline|\*|https?:)/);
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(response.headers.get('server')).toBeNull();
  });

  test('what is no HTTP at all is answered shortly, and without a word about the server', async () => {
    const answer = await rawCall(app.url, { method: 'GET', path: '/livez', headers: ['Bad Header: x'] });
    expect(answer.status).toBe(400);
    expect(answer.body).toBe('');
  });
});

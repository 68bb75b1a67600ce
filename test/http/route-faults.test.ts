import { afterAll, expect, test } from 'vitest';
import type { Registry } from 'prom-client';
import { CollectedLog } from '../support/collected-log.ts';
import { createLog } from '../../src/log/create-log.ts';
import { httpOptions } from '../support/http-options.ts';
import { startHttp, type HttpOptions } from '../../src/http/server.ts';

const SECRET = 'password-of-the-database';
const fails = (): never => {
  throw new Error(`connect failed: ${SECRET}`);
};

const collected = new CollectedLog('nothing');
const log = createLog('debug', [], collected);
/** A server whose routes all fail in ways that nobody thought of. */
const http = await startHttp(
  httpOptions({
    yoga: { handleRequest: fails } as unknown as HttpOptions['yoga'],
    maskError: fails,
    plainQueries: () => Promise.reject(new Error(SECRET)),
    authenticate: () => Promise.reject(new Error(SECRET)),
    webhook: {
      keys: { current: fails, refreshed: fails },
      isOurToken: fails,
      count: fails,
      refusals: { times: fails },
    } as unknown as HttpOptions['webhook'],
    readiness: { database: () => Promise.resolve(), isShared: () => true, isClosing: fails },
    metrics: {
      registry: { metrics: fails } as unknown as Registry,
      token: null,
      countRequest: () => undefined,
    },
    log,
  }),
);
afterAll(() => http.close(0));

test.each([
  ['GET', '/readyz'],
  ['GET', '/metrics'],
  ['POST', '/graphql'],
  ['GET', '/graphql?query={__typename}'],
  ['POST', '/webhooks/fal'],
  ['POST', `/webhooks/fal/${'0'.repeat(32)}`],
])('a fault in the route of %s %s is masked, and its id finds all of it in the log', async (method, path) => {
  collected.expectError('HTTP route failed');
  const response = await fetch(`${http.url}${path}`, { method });
  const text = await response.text();

  expect(response.status).toBe(500);
  expect(text).not.toMatch(/password|node_modules|\.ts\b|\bat /);
  const { correlationId } = JSON.parse(text) as { correlationId: string };
  const [line, ...others] = collected.lines.filter((entry) => entry.correlationId === correlationId);
  expect(others).toEqual([]);
  expect(line).toMatchObject({ level: 'error', msg: 'HTTP route failed', path: path.split('?')[0] });
  expect(line?.err?.message).toContain(SECRET);
});

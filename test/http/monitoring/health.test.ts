import { expect, test } from 'vitest';
import { DatabaseUnavailableError } from '../../../src/db/database-unavailable.ts';
import { readyz } from '../../../src/http/monitoring/health.ts';

async function answerTo(database: () => Promise<void>): Promise<{ status: number; body: unknown }> {
  const answer = await readyz({ database, isShared: () => true, isClosing: () => false });
  return { status: answer.status, body: await answer.json() };
}

test.each([
  ['does not answer', new Error('connect ECONNREFUSED 10.0.0.7:5432'), 'unreachable'],
  ['takes no writes', new DatabaseUnavailableError('disk-full', '/var/data is nearly full'), 'disk-full'],
  ['has stopped', new DatabaseUnavailableError('stopped', 'could not write to /var/data'), 'unreachable'],
  ['says what nobody should hear', Object.assign(new Error(), { reason: '/var/data' }), 'unreachable'],
])('a database that %s is named in one word, and nothing else of it', async (_, error, word) => {
  expect(await answerTo(() => Promise.reject(error))).toEqual({
    status: 503,
    body: { status: 'degraded', database: word },
  });
});

test('a database that answers is ready', async () => {
  expect(await answerTo(async () => undefined)).toEqual({ status: 200, body: { status: 'ready' } });
});

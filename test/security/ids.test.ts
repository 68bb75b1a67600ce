import { afterAll, describe, expect, test } from 'vitest';
import {
  AnyNodeDocument,
  AvatarByIdDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { createServer, type IncomingMessage } from 'node:http';
import { newAvatar, photos } from '../story/moves.ts';
import { once } from 'node:events';
import { startTestApp } from '../support/test-app.ts';
import { setTimeout as pause } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';

/** Stands where fal's queue would; every request that reaches it is kept. */
const came: { readonly method: string; readonly path: string }[] = [];
let answer: object = {};
const fal = createServer((request: IncomingMessage, response) => {
  came.push({ method: request.method ?? '', path: request.url ?? '' });
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(request.method === 'POST' ? answer : { status: 'IN_QUEUE' }));
});
fal.listen(0, '127.0.0.1');
await once(fal, 'listening');
const falUrl = `http://127.0.0.1:${(fal.address() as AddressInfo).port}`;

const trap = createServer((request, response) => {
  came.push({ method: 'TRAPPED', path: request.url ?? '' });
  response.end('{}');
});
trap.listen(0, '127.0.0.1');
await once(trap, 'listening');
const trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;

const app = await startTestApp({ env: { FAL_QUEUE_URL: falUrl } });
afterAll(async () => {
  await app.close();
  for (const server of [fal, trap]) {
    server.closeAllConnections();
    server.close();
  }
});

const start = async () => {
  const { id } = await newAvatar(app);
  const { startTraining } = await app.execute(StartTrainingDocument, {
    input: { avatarId: id, imagesUrl: photos() },
  });
  return { id, startTraining };
};

/** Five times the interval at which the server looks at its runs: that it asks nobody is a fact that nothing announces. */
function someRounds(): Promise<void> {
  return pause(500);
}

describe('what fal calls a run never becomes a path of ours', () => {
  test.each([
    '../../..',
    '../../../admin',
    'a/../../b',
    'x?y=1',
    'x#y',
    'a b',
    '%2e%2e',
    '..',
    '.',
    '',
    'x'.repeat(500),
    'a\r\nX: y',
    '\0',
  ])('%j', async (requestId) => {
    came.length = 0;
    answer = { request_id: requestId };
    const { id, startTraining } = await start();

    // The submit was taken, so its outcome is unknown rather than refused; nobody is asked about such an id.
    expect(startTraining).toHaveProperty('avatar.falRequestId', null);
    const { avatar } = await app.execute(AvatarByIdDocument, { id });
    expect(avatar?.error?.code).toBe('SUBMIT_OUTCOME_UNKNOWN');
    await someRounds();
    expect(came.map(({ method }) => method)).toEqual(['POST']);
  });
});

test('addresses that fal gives are followed on its own host only, and with its key nowhere else', async () => {
  for (const url of [
    `${trapUrl}/status`,
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    '//evil.example/x',
    `${falUrl}@evil.example/`,
  ]) {
    came.length = 0;
    answer = {
      request_id: '764cabcf-b745-4b3e-ae38-1200304cf45b'.replace(
        '764c',
        Math.random().toString(16).slice(2, 6).padEnd(4, '0'),
      ),
      status_url: url,
      response_url: url,
      cancel_url: url,
    };
    await start();
    await someRounds();
    expect(came.filter(({ method }) => method === 'TRAPPED')).toEqual([]);
    expect(came.length).toBeGreaterThan(1);
  }
});

test('a hundred ids have no two alike, and a neighbour of one names nothing', async () => {
  const ids = await Promise.all(Array.from({ length: 100 }, async () => (await newAvatar(app)).id));
  expect(new Set(ids).size).toBe(100);
  // Besides the time they were made, which sorts them, there is nothing to count up.
  const tails = ids.map((id) => id.slice(-16));
  expect(new Set(tails).size).toBe(100);
  for (const id of ids.slice(0, 10)) {
    const last = (BigInt(`0x${id.slice(4)}`) + 1n).toString(16).padStart(32, '0');
    expect(await app.execute(AnyNodeDocument, { id: `avt_${last}` })).toEqual({ node: null });
  }
});

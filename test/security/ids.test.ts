import { afterAll, expect, test } from 'vitest';
import {
  AnyNodeDocument,
  AvatarByIdDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { createServer, type IncomingMessage } from 'node:http';
import { eventually } from '../support/eventually.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { photos } from '../support/api-client.ts';
import { randomUUID } from 'node:crypto';
import { startTestApp } from '../support/test-app.ts';

/** Stands where fal's queue would; every request that reaches it is kept. */
const came: { readonly method: string; readonly path: string }[] = [];
let answer: object = {};
const fal = createServer((request: IncomingMessage, response) => {
  came.push({ method: request.method ?? '', path: request.url ?? '' });
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(request.method === 'POST' ? answer : { status: 'IN_QUEUE' }));
});
const falUrl = await listenOnLoopback(fal);

const trap = createServer((request, response) => {
  came.push({ method: 'TRAPPED', path: request.url ?? '' });
  response.end('{}');
});
const trapUrl = await listenOnLoopback(trap);

const app = await startTestApp({ env: { FAL_QUEUE_URL: falUrl } });
afterAll(async () => {
  await app.close();
  for (const server of [fal, trap]) {
    server.closeAllConnections();
    server.close();
  }
});

const start = async () => {
  const { id } = await app.newAvatar();
  const startTraining = await app.mutate(StartTrainingDocument, { avatarId: id, imagesUrl: photos() });
  return { id, startTraining };
};

async function startRun(addresses: object = {}): Promise<string> {
  const requestId = randomUUID();
  answer = { ...addresses, request_id: requestId };
  await start();
  return requestId;
}

const polled = (requestId: string) =>
  eventually('the run to be polled', () =>
    came.some(({ method, path }) => method === 'GET' && path.includes(requestId)),
  );

test('what fal calls a run never becomes a path of ours', async () => {
  const odd = [
    ...[
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
    ],
    ...['a\r\nX: y', '\0'],
  ];
  came.length = 0;
  for (const requestId of odd) {
    answer = { request_id: requestId };
    const { id, startTraining } = await start();

    // The submit was taken, so its outcome is unknown rather than refused; nobody is asked about such an id.
    expect([requestId, startTraining]).toHaveProperty('1.avatar.falRequestId', null);
    const { avatar } = await app.execute(AvatarByIdDocument, { id });
    expect([requestId, avatar?.error?.code]).toEqual([requestId, 'SUBMIT_OUTCOME_UNKNOWN']);
  }
  const run = await startRun();
  await polled(run);
  expect(came.filter(({ method, path }) => method !== 'POST' && !path.includes(run))).toEqual([]);
  expect(came.filter(({ method }) => method === 'POST')).toHaveLength(odd.length + 1);
});

test('addresses that fal gives are followed on its own host only, and with its key nowhere else', async () => {
  const elsewhere = [
    `${trapUrl}/status`,
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    '//evil.example/x',
    `${falUrl}@evil.example/`,
  ];
  const runs = [];
  for (const url of elsewhere)
    runs.push(await startRun({ status_url: url, response_url: url, cancel_url: url }));
  // They are polled on fal's own host, so they would have been polled elsewhere too.
  await Promise.all(runs.map(polled));
  expect(came.filter(({ method }) => method === 'TRAPPED')).toEqual([]);
});

test('ids made at once have no two alike, and a neighbour of one names nothing', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, async () => (await app.newAvatar()).id));
  // Besides the time they were made, which sorts them, there is nothing to count up.
  expect(new Set(ids.map((id) => id.slice(-16))).size).toBe(10);
  for (const id of ids) {
    const last = (BigInt(`0x${id.slice(4)}`) + 1n).toString(16).padStart(32, '0');
    expect(await app.execute(AnyNodeDocument, { id: `avt_${last}` })).toEqual({ node: null });
  }
});

import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import queue from '../fixtures/fal/queue.json' with { type: 'json' };
import { FalProvider } from '../../src/fal/provider.ts';
import { memoryLog } from '../support/memory-log.ts';
import { closedBreaker } from '../support/breaker-fixture.ts';
import { deadUrl, html, json, peer, type Arrived } from '../support/fal-peer.ts';
import type { RunRef } from '../../src/jobs/poll-job.ts';

const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const STATUS_PATH = `/fal-ai/x/requests/${ID}/status?logs=1`;
const OUTPUT = { diffusers_lora_file: { url: 'https://v3.fal.media/l' } };
const { completed, failed, cancelled, resultOfFailed, resultOfCancelled } = queue;

/** `PAGE`: an HTML page, as gateways answer. */
type Answer = { readonly status: number; readonly body: unknown };

const answer = (status: number, body: unknown = 'PAGE'): Answer => ({ status, body });
const output = answer(200, OUTPUT);

function falAt(url: string): FalProvider {
  const settings = { key: 'key-id:key-secret', queueUrl: url, restUrl: url };
  return new FalProvider(settings, closedBreaker(), memoryLog());
}

function runAt(url: string, given: Partial<RunRef> = {}): RunRef {
  const base = `${url}/fal-ai/x/requests/${ID}`;
  const urls = { statusUrl: `${base}/status`, responseUrl: base, cancelUrl: `${base}/cancel` };
  return { endpoint: 'fal-ai/x/sub/path', requestId: ID, ...urls, ...given };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (body === 'PAGE') html(response, status);
  else json(response, status, body);
}

/** Fetches the status of a run; `result` is the answer to the request for its result. */
async function statusOf(status: Answer, result: Answer | 'no answer' = answer(500)) {
  const { url, arrived } = await peer((response, { path }) => {
    if (path.includes('/status')) send(response, status);
    else if (result === 'no answer') response.destroy();
    else send(response, result);
  });
  return { run: await falAt(url).fetchStatus(runAt(url)), arrived };
}

function paths(arrived: readonly Arrived[]): string[] {
  return arrived.map(({ path }) => path);
}

describe('an open run', () => {
  test('is queued with its position, by one authorized request for the status with logs', async () => {
    const { run, arrived } = await statusOf(queue.queued);
    expect(run).toEqual({ kind: 'queued', position: 3 });
    expect(paths(arrived)).toEqual([STATUS_PATH]);
    expect(arrived[0]?.headers.authorization).toBe('Key key-id:key-secret');
  });

  test.each([undefined, null, -1, 'first'])('at position %j has no known position', async (position) => {
    const { run } = await statusOf(answer(202, { ...queue.queued.body, queue_position: position }));
    expect(run).toEqual({ kind: 'queued', position: null });
  });

  test('is running with the progress of its logs', async () => {
    expect((await statusOf(queue.running)).run).toEqual({ kind: 'running', percent: 45 });
  });

  test.each([null, undefined, [], 'text', [null]])('with the logs %j has no known progress', async (logs) => {
    const { run } = await statusOf(answer(202, { ...queue.running.body, logs }));
    expect(run).toEqual({ kind: 'running', percent: null });
  });

  test('is running while its result is stored', async () => {
    expect((await statusOf(completed, queue.resultTooEarly)).run).toEqual({ kind: 'running', percent: null });
  });
});

describe('a run that ended', () => {
  test('with an output succeeded', async () => {
    const { run, arrived } = await statusOf(completed, output);
    expect(run).toEqual({ kind: 'succeeded', requestId: ID, output: OUTPUT });
    expect(paths(arrived)).toEqual([STATUS_PATH, `/fal-ai/x/requests/${ID}`]);
  });

  const DETAIL = 'images_data_url: The archive could not be read. (invalid_archive)';

  test.each<[string, Answer, Answer, string]>([
    ['a detail list', failed, resultOfFailed, DETAIL],
    ['a detail text', failed, answer(500, { detail: 'broken' }), 'broken'],
    ['an error of fal itself', failed, queue.runnerLost, 'Runner disconnected'],
    ['a page', failed, answer(502), 'Invalid status code: 422'],
    ['nothing', failed, answer(404, {}), 'Invalid status code: 422'],
    ['an output', failed, output, 'Invalid status code: 422'],
    [
      'a page, and only an error type',
      answer(200, { status: 'COMPLETED', error_type: 'x' }),
      answer(504),
      'x',
    ],
    ['a detail list, without an error in the status', completed, resultOfFailed, DETAIL],
    ['HTTP 400 and a detail list', completed, answer(400, resultOfFailed.body), DETAIL],
    ['HTTP 500 and a detail list', completed, answer(500, resultOfFailed.body), DETAIL],
    [
      'a text that quotes the one of open runs',
      completed,
      answer(400, { detail: '"in progress"' }),
      '"in progress"',
    ],
  ])('in an error whose result is %s failed', async (_what, status, result, message) => {
    const { run } = await statusOf(status, result);
    expect(run).toMatchObject({ kind: 'failed', requestId: ID, message });
    if (result.body === resultOfFailed.body) expect(run).toMatchObject({ output: result.body });
  });

  test.each<[string, Answer | 'no answer']>([
    ['HTTP 401', answer(401, { detail: 'no key' })],
    ['HTTP 403', queue.locked],
    ['HTTP 429', answer(429, { detail: 'slow down' })],
    ['no answer', 'no answer'],
  ])(
    'in an error whose result is refused with %s failed with the words of its status',
    async (_what, result) => {
      const message = 'Invalid status code: 422';
      expect((await statusOf(failed, result)).run).toEqual({
        kind: 'failed',
        requestId: ID,
        message,
        output: null,
      });
    },
  );

  test.each<[string, Answer, Answer | 'no answer']>([
    ['its status and its result', cancelled, resultOfCancelled],
    ['its status', cancelled, answer(400, { detail: 'x' })],
    ['its result', completed, resultOfCancelled],
    ['its status, without a result', cancelled, 'no answer'],
  ])('as cancelled by %s was cancelled', async (_what, status, result) => {
    expect((await statusOf(status, result)).run).toEqual({ kind: 'cancelled', requestId: ID });
  });

  test.each<[Answer]>([[answer(404, { detail: 'gone' })], [answer(404)], [answer(410)]])(
    'with the result %j is not found',
    async (result) => {
      expect((await statusOf(completed, result)).run).toMatchObject({ kind: 'not-found' });
    },
  );

  test.each<[string, Answer | 'no answer']>([
    ['a page with HTTP 200', answer(200)],
    ['HTTP 401', answer(401, { detail: 'no key' })],
    ['HTTP 403', queue.locked],
    ['HTTP 429', answer(429, { detail: 'slow down' })],
    ["a gateway's 502", answer(502)],
    ["a gateway's 503", queue.runnerLost],
    ["a gateway's 504", answer(504, { detail: 'x' })],
    ['a 500 without a text', answer(500)],
    ['a redirect', answer(302, {})],
    ['no answer', 'no answer'],
  ])('with the result %s is unreachable', async (_what, result) => {
    expect((await statusOf(completed, result)).run).toMatchObject({ kind: 'unreachable' });
  });
});

describe('a status of', () => {
  test.each<[Answer]>([[queue.notFound], [answer(404)]])('%j is of no known run', async (status) => {
    expect((await statusOf(status)).run).toMatchObject({ kind: 'not-found' });
  });

  test.each<[Answer]>([
    [answer(200, { status: 'PAUSED' })],
    [answer(200, {})],
    [answer(200, null)],
    [answer(200, [])],
    [answer(200)],
    [answer(401, { detail: 'no key' })],
    [answer(429, {})],
    [answer(500, { detail: 'x' })],
    [answer(503)],
    [answer(302, {})],
  ])('%j is no answer: fal is unreachable', async (status) => {
    const { run, arrived } = await statusOf(status);
    expect(run).toMatchObject({ kind: 'unreachable' });
    expect(arrived).toHaveLength(1);
  });

  test('a closed port is no answer: fal is unreachable, for a cancel too', async () => {
    const url = await deadUrl();
    expect(await falAt(url).fetchStatus(runAt(url))).toMatchObject({ kind: 'unreachable' });
    expect(await falAt(url).cancel(runAt(url))).toBe('unreachable');
  });
});

test.each<[Answer, string]>([
  [queue.cancelRemoved, 'removed'],
  [answer(200, { success: true }), 'requested'],
  [queue.cancelRequested, 'requested'],
  [answer(202), 'requested'],
  [answer(200, null), 'requested'],
  [queue.cancelTooLate, 'already-completed'],
  [queue.notFound, 'not-found'],
  [answer(401, { detail: 'x' }), 'unreachable'],
  [answer(429, {}), 'unreachable'],
  [answer(500), 'unreachable'],
  [answer(503, {}), 'unreachable'],
  [answer(302, {}), 'unreachable'],
])('a cancel answered %j is %s', async (given, meaning) => {
  const { url, arrived } = await peer((response) => send(response, given));
  expect(await falAt(url).cancel(runAt(url))).toBe(meaning);
  expect(arrived).toMatchObject([{ method: 'PUT', path: `/fal-ai/x/requests/${ID}/cancel` }]);
});

describe('the units that fal bills', () => {
  const billed = async (units: string) => {
    const { url } = await peer((response, { path }) => {
      response.setHeader('x-fal-billable-units', units);
      send(response, path.includes('/status') ? completed : output);
    });
    return falAt(url).fetchStatus(runAt(url));
  };

  test.each(['0', '4', '0.92', '999999999.999999'])('are kept: %s', async (units) => {
    expect(await billed(units)).toMatchObject({ kind: 'succeeded', billableUnits: units });
  });

  test('are cut to the decimals that the database holds', async () => {
    expect(await billed('999999999.9999999')).toMatchObject({ billableUnits: '999999999.999999' });
  });

  test.each([
    '',
    '-1',
    '1e9',
    '1,5',
    '1, 2',
    'NaN',
    '1000000000',
    '0x10',
    `1.${'0'.repeat(21)}`,
    '9'.repeat(5000),
  ])('are ignored when they are %j', async (units) => {
    expect(await billed(units)).toEqual({ kind: 'succeeded', requestId: ID, output: OUTPUT });
  });
});

describe('the URLs that fal gave for a run', () => {
  test('are not used on another origin, which would receive the key', async () => {
    const elsewhere = await peer((response) => send(response, queue.queued));
    const { url, arrived } = await peer((response, { path }) =>
      send(response, path.includes('/status') ? completed : output),
    );
    const { host, port } = new URL(url);
    const origins = [
      elsewhere.url,
      `http://localhost:${port}`,
      `https://${host}`,
      `http://${host}@x.invalid`,
    ];
    for (const other of origins) {
      const run = runAt(url, { statusUrl: `${other}/s`, responseUrl: `${other}/r`, cancelUrl: `${other}/c` });
      expect(await falAt(url).fetchStatus(run)).toMatchObject({ kind: 'succeeded' });
      expect(await falAt(url).cancel(run)).toBe('requested');
    }
    expect(elsewhere.arrived).toEqual([]);
    const base = `/fal-ai/x/requests/${ID}`;
    expect(new Set(paths(arrived))).toEqual(new Set([STATUS_PATH, base, `${base}/cancel`]));
  });

  test.each([null, '', 'not a URL', '/relative'])(
    'are built from the app when they are %j',
    async (given) => {
      const { url, arrived } = await peer((response) => send(response, queue.queued));
      const run = runAt(url, { statusUrl: given, responseUrl: given, cancelUrl: given });
      expect(await falAt(url).fetchStatus(run)).toMatchObject({ kind: 'queued' });
      expect(paths(arrived)).toEqual([STATUS_PATH]);
    },
  );

  test('keep their query, but for the logs', async () => {
    const { url, arrived } = await peer((response) => send(response, queue.queued));
    await falAt(url).fetchStatus(runAt(url, { statusUrl: `${url}/s?a=1&logs=0` }));
    expect(paths(arrived)).toEqual(['/s?a=1&logs=1']);
  });

  test('are not followed to a redirect', async () => {
    const elsewhere = await peer((response) => send(response, completed));
    const { url } = await peer((response) => response.writeHead(302, { location: elsewhere.url }).end());
    expect(await falAt(url).fetchStatus(runAt(url))).toMatchObject({ kind: 'unreachable' });
    expect(elsewhere.arrived).toEqual([]);
  });
});

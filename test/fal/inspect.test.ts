import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { FalProvider } from '../../src/fal/provider.ts';
import { memoryLog } from '../support/memory-log.ts';
import { closedBreaker } from '../support/breaker-fixture.ts';
import { deadUrl, html, json, peer, type Arrived } from '../support/fal-peer.ts';
import type { RunRef } from '../../src/jobs/poll-job.ts';

const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const OUTPUT = { diffusers_lora_file: { url: 'https://v3.fal.media/l' } };
const DETAIL = { detail: [{ loc: ['body', 'images_data_url'], msg: 'bad', type: 'invalid_archive' }] };

type Answer = readonly [status: number, body: unknown];

function falAt(url: string): FalProvider {
  return new FalProvider(
    { key: 'key-id:key-secret', queueUrl: url, restUrl: url },
    closedBreaker(),
    memoryLog(),
  );
}

function runAt(url: string, given: Partial<RunRef> = {}): RunRef {
  const base = `${url}/fal-ai/x/requests/${ID}`;
  const urls = { statusUrl: `${base}/status`, responseUrl: base, cancelUrl: `${base}/cancel` };
  return { endpoint: 'fal-ai/x/sub/path', requestId: ID, ...urls, ...given };
}

function say(response: ServerResponse, [status, body]: Answer): void {
  if (body === 'PAGE') html(response, status);
  else json(response, status, body);
}

/** Looks at a run whose status and result answer as given; which of them were asked is in `arrived`. */
async function look(status: Answer, result: Answer | 'hangs up' = [500, 'PAGE']) {
  const { url, arrived } = await peer((response, { path }) => {
    if (path.includes('/status')) say(response, status);
    else if (result === 'hangs up') response.destroy();
    else say(response, result);
  });
  return { inspection: await falAt(url).fetchStatus(runAt(url)), arrived };
}

const DONE: Answer = [200, { status: 'COMPLETED', logs: [], metrics: { inference_time: 1 } }];
const FAILED: Answer = [200, { status: 'COMPLETED', error: 'Invalid status code: 422', error_type: null }];
const CANCELLED: Answer = [200, { status: 'COMPLETED', error: 'Cancelled', error_type: 'client_cancelled' }];

function paths(arrived: readonly Arrived[]): string[] {
  return arrived.map(({ path }) => path);
}

describe('a run that is open', () => {
  test('tells its place in the queue, and is asked about once, with its logs', async () => {
    const { inspection, arrived } = await look([202, { status: 'IN_QUEUE', queue_position: 3 }]);
    expect(inspection).toEqual({ kind: 'queued', position: 3 });
    expect(paths(arrived)).toEqual([`/fal-ai/x/requests/${ID}/status?logs=1`]);
    expect(arrived[0]?.headers.authorization).toBe('Key key-id:key-secret');
  });

  test.each([undefined, null, -1, 'first'])('in the queue at %j has no known place', async (position) => {
    const { inspection } = await look([202, { status: 'IN_QUEUE', queue_position: position }]);
    expect(inspection).toEqual({ kind: 'queued', position: null });
  });

  test('tells its progress out of its logs', async () => {
    const logs = [
      { message: 'step 10/100', timestamp: 'x' },
      null,
      { message: ' 45%|████ | 45/100 [00:01]' },
    ];
    expect((await look([202, { status: 'IN_PROGRESS', logs }])).inspection).toEqual({
      kind: 'running',
      percent: 45,
    });
    for (const none of [null, undefined, [], 'text']) {
      const { inspection } = await look([202, { status: 'IN_PROGRESS', logs: none }]);
      expect(inspection).toEqual({ kind: 'running', percent: null });
    }
  });
});

describe('a run that ended', () => {
  test('with its output succeeded', async () => {
    const { inspection, arrived } = await look(DONE, [200, OUTPUT]);
    expect(inspection).toEqual({ kind: 'succeeded', requestId: ID, output: OUTPUT });
    expect(paths(arrived)).toEqual([`/fal-ai/x/requests/${ID}/status?logs=1`, `/fal-ai/x/requests/${ID}`]);
  });

  test.each<[string, Answer, string]>([
    ['with a detail list', [422, DETAIL], 'images_data_url: bad (invalid_archive)'],
    ['with a detail text', [500, { detail: 'broken' }], 'broken'],
    ['of fal itself', [503, { detail: 'lost', error_type: 'runner_disconnected' }], 'lost'],
    ['although its result is a page', [502, 'PAGE'], 'Invalid status code: 422'],
    ['although its result is gone', [404, {}], 'Invalid status code: 422'],
    ['although its result looks good', [200, OUTPUT], 'Invalid status code: 422'],
  ])('with an error %s failed', async (_what, result, message) => {
    const { inspection } = await look(FAILED, result);
    expect(inspection).toMatchObject({ kind: 'failed', requestId: ID, message });
  });

  test('with an error keeps what its result says', async () => {
    expect((await look(FAILED, [422, DETAIL])).inspection).toMatchObject({ output: DETAIL });
  });

  test('with a type of error and no words failed', async () => {
    const status: Answer = [200, { status: 'COMPLETED', error_type: 'startup_timeout' }];
    expect((await look(status, [504, 'PAGE'])).inspection).toMatchObject({
      kind: 'failed',
      message: 'startup_timeout',
    });
  });

  test('without an error of the queue and with one of the model failed', async () => {
    for (const status of [422, 400, 500]) {
      expect((await look(DONE, [status, DETAIL])).inspection).toEqual({
        kind: 'failed',
        requestId: ID,
        message: 'images_data_url: bad (invalid_archive)',
        output: DETAIL,
      });
    }
  });

  test.each<[string, Answer, Answer | 'hangs up']>([
    ['says so and answers 499', CANCELLED, [499, { detail: 'Cancelled' }]],
    ['says so and answers otherwise', CANCELLED, [400, { detail: 'x' }]],
    ['only answers 499', DONE, [499, { detail: 'Cancelled' }]],
    ['says so and answers nothing', CANCELLED, 'hangs up'],
  ])('by a cancel %s was cancelled', async (_what, status, result) => {
    expect((await look(status, result)).inspection).toEqual({ kind: 'cancelled', requestId: ID });
  });

  test('whose result is still being stored is running', async () => {
    const { inspection } = await look(DONE, [400, { detail: 'Request is still in progress' }]);
    expect(inspection).toEqual({ kind: 'running', percent: null });
  });

  test('that failed with a text that quotes those words has failed', async () => {
    const { inspection } = await look(DONE, [400, { detail: 'Not allowed: "a wedding in progress"' }]);
    expect(inspection).toMatchObject({ kind: 'failed' });
  });

  test.each([404, 410])('whose result answers HTTP %i cannot be found', async (status) => {
    expect((await look(DONE, [status, { detail: 'gone' }])).inspection).toMatchObject({ kind: 'not-found' });
    expect((await look(DONE, [status, 'PAGE'])).inspection).toMatchObject({ kind: 'not-found' });
  });

  test.each<[string, Answer | 'hangs up']>([
    ['a page with HTTP 200', [200, 'PAGE']],
    ['HTTP 401', [401, { detail: 'no key' }]],
    ['HTTP 403', [403, { detail: 'User is locked.' }]],
    ['HTTP 429', [429, { detail: 'slow down' }]],
    ["a gateway's 502", [502, 'PAGE']],
    ["a gateway's 503", [503, { detail: 'x' }]],
    ["a gateway's 504", [504, { detail: 'x' }]],
    ['a 500 without words', [500, 'PAGE']],
    ['a redirect', [302, {}]],
    ['nothing', 'hangs up'],
  ])('whose result answers %s is to be asked again', async (_what, result) => {
    expect((await look(DONE, result)).inspection).toMatchObject({ kind: 'unreachable' });
  });
});

describe('a run that fal', () => {
  test('does not know is not found', async () => {
    expect((await look([404, { status: 'NOT_FOUND' }])).inspection).toMatchObject({ kind: 'not-found' });
    expect((await look([404, 'PAGE'])).inspection).toMatchObject({ kind: 'not-found' });
  });

  test.each<[string, Answer]>([
    ['an unknown status', [200, { status: 'PAUSED' }]],
    ['no status', [200, {}]],
    ['null', [200, null]],
    ['a list', [200, []]],
    ['a page', [200, 'PAGE']],
    ['HTTP 401', [401, { detail: 'no key' }]],
    ['HTTP 429', [429, {}]],
    ['HTTP 500', [500, { detail: 'x' }]],
    ['HTTP 503', [503, 'PAGE']],
    ['a redirect', [302, {}]],
  ])('answers with %s is to be asked again, and said nothing', async (_what, status) => {
    const { inspection, arrived } = await look(status);
    expect(inspection).toMatchObject({ kind: 'unreachable' });
    expect(arrived).toHaveLength(1);
  });

  test('cannot be asked about is to be asked again', async () => {
    const url = await deadUrl();
    expect(await falAt(url).fetchStatus(runAt(url))).toMatchObject({ kind: 'unreachable' });
    expect(await falAt(url).cancel(runAt(url))).toBe('unreachable');
  });
});

describe('a cancel', () => {
  test.each<[Answer, string]>([
    [[200, { status: 'OK' }], 'removed'],
    [[200, { success: true }], 'requested'],
    [[202, { status: 'CANCELLATION_REQUESTED' }], 'requested'],
    [[202, 'PAGE'], 'requested'],
    [[200, null], 'requested'],
    [[400, { status: 'ALREADY_COMPLETED' }], 'already-completed'],
    [[404, { status: 'NOT_FOUND' }], 'not-found'],
    [[401, { detail: 'x' }], 'unreachable'],
    [[429, {}], 'unreachable'],
    [[500, 'PAGE'], 'unreachable'],
    [[503, {}], 'unreachable'],
    [[302, {}], 'unreachable'],
  ])('answered with %j is %s', async (answer, meaning) => {
    const { url, arrived } = await peer((response) => say(response, answer));
    expect(await falAt(url).cancel(runAt(url))).toBe(meaning);
    expect(arrived).toMatchObject([{ method: 'PUT', path: `/fal-ai/x/requests/${ID}/cancel` }]);
  });
});

describe('the addresses fal gave', () => {
  test('are not used when they lead elsewhere: the key goes to the queue only', async () => {
    const elsewhere = await peer((response) => json(response, 200, { status: 'IN_QUEUE' }));
    const { url, arrived } = await peer((response, { path }) =>
      path.includes('/status') ? json(response, 200, { status: 'COMPLETED' }) : json(response, 200, OUTPUT),
    );
    const host = new URL(url).host;
    const urls = [
      elsewhere.url,
      `http://localhost:${new URL(url).port}`,
      `https://${host}`,
      `http://${host}@x.invalid`,
    ];
    for (const other of urls) {
      const run = runAt(url, { statusUrl: `${other}/s`, responseUrl: `${other}/r`, cancelUrl: `${other}/c` });
      expect(await falAt(url).fetchStatus(run)).toMatchObject({ kind: 'succeeded' });
      expect(await falAt(url).cancel(run)).toBe('requested');
    }
    expect(elsewhere.arrived).toEqual([]);
    expect(new Set(paths(arrived))).toEqual(
      new Set([
        `/fal-ai/x/requests/${ID}/status?logs=1`,
        `/fal-ai/x/requests/${ID}`,
        `/fal-ai/x/requests/${ID}/cancel`,
      ]),
    );
  });

  test.each([null, '', 'not a URL', '/relative'])('are computed where there are none: %j', async (given) => {
    const { url, arrived } = await peer((response) => json(response, 202, { status: 'IN_QUEUE' }));
    const run = runAt(url, { statusUrl: given, responseUrl: given, cancelUrl: given });
    expect(await falAt(url).fetchStatus(run)).toEqual({ kind: 'queued', position: null });
    // Owner and app only, whatever the rest of the endpoint: that is where fal's queue keeps its runs.
    expect(paths(arrived)).toEqual([`/fal-ai/x/requests/${ID}/status?logs=1`]);
  });

  test('keep their own query beside the wish for logs', async () => {
    const { url, arrived } = await peer((response) => json(response, 202, { status: 'IN_QUEUE' }));
    await falAt(url).fetchStatus(runAt(url, { statusUrl: `${url}/s?a=1&logs=0` }));
    expect(paths(arrived)).toEqual(['/s?a=1&logs=1']);
  });

  test('are not followed when they redirect', async () => {
    const elsewhere = await peer((response) => json(response, 200, { status: 'COMPLETED' }));
    const { url } = await peer((response) => response.writeHead(302, { location: elsewhere.url }).end());
    expect(await falAt(url).fetchStatus(runAt(url))).toMatchObject({ kind: 'unreachable' });
    expect(elsewhere.arrived).toEqual([]);
  });
});

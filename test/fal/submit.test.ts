import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import queue from '../fixtures/fal/queue.json' with { type: 'json' };
import { FalProvider } from '../../src/fal/provider.ts';
import { memoryLog } from '../support/memory-log.ts';
import { closedBreaker, FakeBreakerStore } from '../support/breaker-fixture.ts';
import { CircuitBreaker } from '../../src/fal/circuit-breaker.ts';
import { deadUrl, html, json, peer, rawPeer } from '../support/fal-peer.ts';
import type { SubmitEvent } from '../../src/jobs/submit.ts';

const KEY = 'key-id-1234:key-secret-5678';
const ACCEPTED = queue.accepted.body;
const ID = ACCEPTED.request_id;
const REQUEST = {
  endpoint: 'fal-ai/flux-lora-portrait-trainer',
  input: { images_data_url: 'https://photos.example/a.zip', steps: 100 },
  callbackUrl: 'https://likeness.example/webhooks/fal/0123456789abcdef0123456789abcdef',
  keepFilesSeconds: 3600,
  sendBefore: Infinity,
};
const REDIRECTS = [301, 302, 303, 307, 308];

function falAt(url: string): FalProvider {
  return new FalProvider({ key: KEY, queueUrl: url, restUrl: url }, closedBreaker(), memoryLog());
}

/** Submits a run, and expects that exactly one request arrives. */
async function submitTo(reply: (response: ServerResponse) => void): Promise<SubmitEvent> {
  const { url, arrived } = await peer(reply);
  const event = await falAt(url).submit(REQUEST);
  expect(arrived).toHaveLength(1);
  return event;
}

describe('a submit', () => {
  test('is one POST to the endpoint with the key, the input and the callback URL', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, ACCEPTED));
    expect(await falAt(url).submit(REQUEST)).toEqual({
      kind: 'accepted',
      requestId: ID,
      urls: {
        statusUrl: ACCEPTED.status_url,
        responseUrl: ACCEPTED.response_url,
        cancelUrl: ACCEPTED.cancel_url,
      },
      position: ACCEPTED.queue_position,
    });
    expect(arrived).toMatchObject([{ method: 'POST', headers: { authorization: `Key ${KEY}` } }]);
    expect(JSON.parse(arrived[0]?.body ?? '')).toEqual(REQUEST.input);
    const { pathname, searchParams } = new URL(arrived[0]?.path ?? '', url);
    expect(pathname).toBe(`/${REQUEST.endpoint}`);
    expect(Object.fromEntries(searchParams)).toEqual({ fal_webhook: REQUEST.callbackUrl });
  });

  test('tells fal how long to keep the files of the run, and nothing without a limit', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, ACCEPTED));
    await falAt(url).submit(REQUEST);
    await falAt(url).submit({ ...REQUEST, keepFilesSeconds: null });
    expect(arrived.map(({ headers }) => headers['x-fal-object-lifecycle-preference'])).toEqual([
      '{"expiration_duration_seconds":3600}',
      undefined,
    ]);
  });

  test('without a callback URL asks for no webhook', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, ACCEPTED));
    await falAt(url).submit({ ...REQUEST, callbackUrl: null });
    expect(arrived.map(({ path }) => path)).toEqual([`/${REQUEST.endpoint}`]);
  });

  test('is not sent after its deadline, and gives its lease of the probe back', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, ACCEPTED));
    const store = new FakeBreakerStore();
    store.admission = { kind: 'probe', probe: new Date() };
    const breaker = new CircuitBreaker(store, memoryLog());
    const fal = new FalProvider({ key: KEY, queueUrl: url, restUrl: url }, breaker, memoryLog());
    const event = await fal.submit({ ...REQUEST, sendBefore: performance.now() - 1 });
    expect(event).toMatchObject({ kind: 'refused', failure: { code: 'PROVIDER_UNAVAILABLE' } });
    expect([arrived, store.calls]).toEqual([[], ['release']]);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['HTTP 200', (response) => json(response, 200, { request_id: ID })],
    ['HTTP 201', (response) => json(response, 201, { request_id: ID })],
    ['HTTP 202', (response) => json(response, 202, { request_id: ID })],
    ['no content type', (response) => response.end(JSON.stringify({ request_id: ID }))],
  ])('answered with a request id alone and %s is accepted', async (_what, reply) => {
    expect(await submitTo(reply)).toEqual({
      kind: 'accepted',
      requestId: ID,
      urls: { statusUrl: null, responseUrl: null, cancelUrl: null },
      position: null,
    });
  });

  test('uses the configured key, whatever FAL_KEY is in the environment', async () => {
    vi.stubEnv('FAL_KEY', 'from-the-environment');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { url, arrived } = await peer((response) => json(response, 200, ACCEPTED));
    await falAt(url).submit(REQUEST);
    expect(arrived[0]?.headers.authorization).toBe(`Key ${KEY}`);
  });
});

type Outcome = 'PROVIDER_REJECTED' | 'PROVIDER_UNAVAILABLE' | 'unknown';

/** Outcomes of answers without a run: with a detail in JSON, and with the HTML page of a gateway. */
const OUTCOMES: readonly (readonly [status: number, detail: Outcome, page: Outcome])[] = [
  ...REDIRECTS.map((status) => [status, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'] as const),
  ...[400, 401, 403, 404, 405, 413, 422].map(
    (status) => [status, 'PROVIDER_REJECTED', 'PROVIDER_REJECTED'] as const,
  ),
  [429, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [500, 'PROVIDER_UNAVAILABLE', 'unknown'],
  [502, 'unknown', 'unknown'],
  [503, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [504, 'unknown', 'unknown'],
];

function outcomeOf(event: SubmitEvent): string {
  return event.kind === 'refused' ? event.failure.code : event.kind;
}

test.each(OUTCOMES)('HTTP %i with a detail is %s, with a page %s', async (status, withDetail, withPage) => {
  const location = status < 400 ? { location: '/elsewhere' } : {};
  const event = await submitTo((response) => json(response, status, { detail: 'because of this' }, location));
  expect(outcomeOf(event)).toBe(withDetail);
  if (event.kind === 'refused') expect(event.failure.message).toContain(`HTTP ${status}: because of this`);
  const ofPage = await submitTo((response) => html(response, status));
  expect(outcomeOf(ofPage)).toBe(withPage);
  expect(JSON.stringify(ofPage)).not.toContain('<html>');
});

test.each<[what: string, status: number, body: unknown, isGone: boolean]>([
  ['an unknown application', 404, { detail: "Application 'flux-pro-trainer' not found" }, true],
  [
    'an unknown application in double quotes',
    404,
    { detail: 'Application "flux-pro-trainer" not found' },
    true,
  ],
  ['an unknown path', 404, { detail: 'Path /v1/pro not found' }, true],
  ['a retired endpoint', 410, { detail: { error: 'EndpointDeprecated', message: 'Use another.' } }, true],
  ['a retired endpoint, as a bad request', 400, { detail: { error: 'EndpointDeprecated' } }, true],
  ['something not found in the input', 404, { detail: 'The archive of Application x was not found' }, false],
  ['an application whose words are a refusal’s', 403, { detail: "Application 'x' not found" }, false],
  ['a proxy that knows no such page', 404, { message: 'Not Found' }, false],
  ['a list of details', 404, { detail: [{ msg: "Application 'x' not found", type: 'x' }] }, false],
  ['a refused input', 422, { detail: [{ loc: ['body'], msg: 'no', type: 'x' }] }, false],
])('fal’s response about %s tells whether the endpoint is gone', async (_what, status, body, isGone) => {
  const event = await submitTo((response) => json(response, status, body));
  expect(event.kind === 'refused' && event.isGone === true).toBe(isGone);
  expect(event).toMatchObject({ kind: 'refused', failure: { code: 'PROVIDER_REJECTED' } });
});

test.each([408, 429, 500, 502, 503, 504])(
  'an answer with HTTP %i never tells that an endpoint is gone',
  async (status) => {
    for (const detail of [{ error: 'EndpointDeprecated' }, "Application 'x' not found"]) {
      const event = await submitTo((response) => json(response, status, { detail }));
      expect(event.kind === 'refused' && event.isGone === true).toBe(false);
    }
  },
);

test('HTTP 504 for our own start timeout is no unknown outcome: nothing was started', async () => {
  const header = { 'x-fal-request-timeout-type': 'user' };
  const event = await submitTo((response) => json(response, 504, { detail: 'timed out' }, header));
  expect(outcomeOf(event)).toBe('PROVIDER_UNAVAILABLE');
});

test('a refused connection is no unknown outcome: nothing was started', async () => {
  expect(outcomeOf(await falAt(await deadUrl()).submit(REQUEST))).toBe('PROVIDER_UNAVAILABLE');
});

test('a refusal lists every reason that fal gives', async () => {
  const { status, body } = queue.resultOfFailed;
  expect(await submitTo((response) => json(response, status, body))).toEqual({
    kind: 'refused',
    failure: {
      code: 'PROVIDER_REJECTED',
      message:
        'fal refused the run (HTTP 422: images_data_url: The archive could not be read. (invalid_archive)).',
    },
  });
});

describe('the outcome is unknown', () => {
  test.each<[unknown]>([
    [{ status: 'IN_QUEUE' }],
    [{ request_id: null }],
    [{ request_id: 7 }],
    [{ request_id: '' }],
    [{ request_id: '../../other/app/requests/abc' }],
    [{ request_id: 'abc?x=1' }],
    [{ request_id: 'x'.repeat(129) }],
    [[{ request_id: ID }]],
    [ID],
    [null],
  ])('after HTTP 200 with %j', async (body) => {
    expect(await submitTo((response) => json(response, 200, body))).toEqual({
      kind: 'unknown',
      message: 'fal’s response to the submit had no usable request_id. A run may have started.',
    });
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['HTTP 200 with a page', (response) => html(response, 200)],
    ['HTTP 200 without a body', (response) => response.end()],
    ['HTTP 200 with cut JSON', (response) => response.end(`{"request_id":"${ID}`)],
    ['a reset after the request', (response) => void response.socket?.resetAndDestroy()],
    ['a connection closed without an answer', (response) => response.destroy()],
  ])('after %s', async (_what, reply) => {
    expect((await submitTo(reply)).kind).toBe('unknown');
  });

  test('after an answer that broke off', async () => {
    const event = await submitTo((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
      response.write(`{"request_id":"${ID}"`, () => response.destroy());
    });
    expect(event).toMatchObject({ kind: 'unknown', message: expect.stringContaining('cut off') as string });
  });

  test.each<[string, string, Parameters<typeof rawPeer>[0]]>([
    ['a reset during the request', 'http:', (socket) => socket.resetAndDestroy()],
    ['an answer that is not HTTP', 'http:', (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n')],
    ['a failed TLS handshake', 'https:', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('after %s', async (_what, protocol, act) => {
    const { url, connections } = await rawPeer(act);
    expect(await falAt(url.replace('http:', protocol)).submit(REQUEST)).toMatchObject({ kind: 'unknown' });
    expect(connections()).toBe(1);
  });
});

describe('the key', () => {
  test('is redacted in what fal answers', async () => {
    const event = await submitTo((response) => json(response, 401, { detail: `Key ${KEY} is not known` }));
    expect(JSON.stringify(event)).not.toContain('key-secret');
    expect(JSON.stringify(event)).toContain('Key [key] is not known');
  });

  test.each(REDIRECTS)('is not sent to the target of an HTTP %i', async (status) => {
    const elsewhere = await peer((response) => json(response, 200, ACCEPTED));
    await submitTo((response) => response.writeHead(status, { location: elsewhere.url }).end());
    expect(elsewhere.arrived).toEqual([]);
  });
});

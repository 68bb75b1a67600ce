import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { FalProvider } from '../../src/fal/provider.ts';
import { memoryLog } from '../support/memory-log.ts';
import { closedBreaker } from '../support/breaker-fixture.ts';
import { deadUrl, html, json, peer, rawPeer, type Peer } from '../support/fal-peer.ts';
import type { ServerResponse } from 'node:http';
import type { SubmitEvent } from '../../src/jobs/submit.ts';

const KEY = 'key-id-1234:key-secret-5678';
const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const ORDER = {
  endpoint: 'fal-ai/flux-lora-portrait-trainer',
  input: { images_data_url: 'https://photos.example/a.zip', steps: 100 },
  callbackUrl: 'https://likeness.example/webhooks/fal/0123456789abcdef0123456789abcdef',
  sendBefore: Infinity,
};

function falAt(url: string): FalProvider {
  return new FalProvider({ key: KEY, queueUrl: url, restUrl: url }, closedBreaker(), memoryLog());
}

async function submitTo(
  answer: (response: ServerResponse) => void,
): Promise<{ event: SubmitEvent; arrived: Peer['arrived'] }> {
  const { url, arrived } = await peer(answer);
  return { event: await falAt(url).submit(ORDER), arrived };
}

const ACCEPTANCE = {
  status: 'IN_QUEUE',
  request_id: ID,
  response_url: `https://queue.fal.run/x/requests/${ID}`,
  status_url: `https://queue.fal.run/x/requests/${ID}/status`,
  cancel_url: `https://queue.fal.run/x/requests/${ID}/cancel`,
  queue_position: 4,
};

describe('a submit', () => {
  test('is one POST to the endpoint with the key, the input and the callback URL', async () => {
    const { event, arrived } = await submitTo((response) => json(response, 200, ACCEPTANCE));
    expect(event).toEqual({
      kind: 'accepted',
      requestId: ID,
      urls: {
        statusUrl: ACCEPTANCE.status_url,
        responseUrl: ACCEPTANCE.response_url,
        cancelUrl: ACCEPTANCE.cancel_url,
      },
      position: 4,
    });
    expect(arrived).toHaveLength(1);
    const [request] = arrived;
    expect(request).toMatchObject({ method: 'POST', headers: { authorization: `Key ${KEY}` } });
    expect(JSON.parse(request?.body ?? '')).toEqual(ORDER.input);
    const { pathname, searchParams } = new URL(request?.path ?? '', 'http://x');
    expect(pathname).toBe(`/${ORDER.endpoint}`);
    expect(Object.fromEntries(searchParams)).toEqual({ fal_webhook: ORDER.callbackUrl });
  });

  test('asks for no webhook where none can come', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, ACCEPTANCE));
    await falAt(url).submit({ ...ORDER, callbackUrl: null });
    expect(arrived.map(({ path }) => path)).toEqual([`/${ORDER.endpoint}`]);
  });

  test('is not sent any more after its time', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, ACCEPTANCE));
    const event = await falAt(url).submit({ ...ORDER, sendBefore: performance.now() - 1 });
    expect(event).toMatchObject({ kind: 'refused', failure: { code: 'PROVIDER_UNAVAILABLE' } });
    expect(arrived).toEqual([]);
  });

  test.each([200, 201, 202])('answered with HTTP %i is accepted', async (status) => {
    const { event, arrived } = await submitTo((response) => json(response, status, { request_id: ID }));
    expect(event).toEqual({
      kind: 'accepted',
      requestId: ID,
      urls: { statusUrl: null, responseUrl: null, cancelUrl: null },
      position: null,
    });
    expect(arrived).toHaveLength(1);
  });

  test('is accepted whatever type its JSON is said to be', async () => {
    const { event } = await submitTo((response) => response.end(JSON.stringify({ request_id: ID })));
    expect(event).toMatchObject({ kind: 'accepted', requestId: ID });
  });
});

type Fate = 'PROVIDER_REJECTED' | 'PROVIDER_UNAVAILABLE' | 'unknown';

/** What an answer that takes no run means, with fal's own words in JSON and with some gateway's page. */
const FATES: readonly (readonly [number, withWords: Fate, withPage: Fate])[] = [
  [301, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [302, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [303, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [307, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [308, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [400, 'PROVIDER_REJECTED', 'PROVIDER_REJECTED'],
  [401, 'PROVIDER_REJECTED', 'PROVIDER_REJECTED'],
  [403, 'PROVIDER_REJECTED', 'PROVIDER_REJECTED'],
  [404, 'PROVIDER_REJECTED', 'PROVIDER_REJECTED'],
  [405, 'PROVIDER_REJECTED', 'PROVIDER_REJECTED'],
  [413, 'PROVIDER_REJECTED', 'PROVIDER_REJECTED'],
  [422, 'PROVIDER_REJECTED', 'PROVIDER_REJECTED'],
  [429, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [500, 'PROVIDER_UNAVAILABLE', 'unknown'],
  [502, 'unknown', 'unknown'],
  [503, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'],
  [504, 'unknown', 'unknown'],
];

function fateOf(event: SubmitEvent): string {
  return event.kind === 'refused' ? event.failure.code : event.kind;
}

describe.each(FATES)('a submit answered with HTTP %i', (status, withWords, withPage) => {
  const location = { location: '/elsewhere' };

  test(`in fal's words is sent once and is ${withWords}`, async () => {
    const { event, arrived } = await submitTo((response) =>
      json(response, status, { detail: 'because of this' }, status < 400 ? location : {}),
    );
    expect(fateOf(event)).toBe(withWords);
    expect(arrived).toHaveLength(1);
    if (event.kind === 'refused') {
      expect(event.failure.message).toContain(`HTTP ${status}: because of this`);
    }
  });

  test(`with a page is sent once and is ${withPage}`, async () => {
    const { event, arrived } = await submitTo((response) => html(response, status));
    expect(fateOf(event)).toBe(withPage);
    expect(arrived).toHaveLength(1);
    expect(JSON.stringify(event)).not.toContain('<html>');
  });
});

test('a start timeout of our own making is certain: nothing was started', async () => {
  const { event, arrived } = await submitTo((response) =>
    json(response, 504, { detail: 'timed out' }, { 'x-fal-request-timeout-type': 'user' }),
  );
  expect(fateOf(event)).toBe('PROVIDER_UNAVAILABLE');
  expect(arrived).toHaveLength(1);
});

test("fal's reasons for refusing an input are told one by one", async () => {
  const detail = [{ loc: ['body', 'images_data_url'], msg: 'no archive', type: 'invalid_archive' }];
  const { event } = await submitTo((response) => json(response, 422, { detail }));
  expect(event).toEqual({
    kind: 'refused',
    failure: {
      code: 'PROVIDER_REJECTED',
      message: 'fal refused the run (HTTP 422: images_data_url: no archive (invalid_archive)).',
    },
  });
});

describe('nobody knows whether a run was started', () => {
  test.each<[string, unknown]>([
    ['no request_id', { status: 'IN_QUEUE' }],
    ['a null request_id', { request_id: null }],
    ['a number for a request_id', { request_id: 7 }],
    ['an empty request_id', { request_id: '' }],
    ['a path for a request_id', { request_id: '../../other/app/requests/abc' }],
    ['a query for a request_id', { request_id: 'abc?x=1' }],
    ['a long request_id', { request_id: 'x'.repeat(129) }],
    ['a list', [{ request_id: ID }]],
    ['a text', ID],
    ['null', null],
  ])('after HTTP 200 with %s', async (_what, body) => {
    const { event, arrived } = await submitTo((response) => json(response, 200, body));
    expect(event).toEqual({
      kind: 'unknown',
      message: 'fal answered the submit without a usable request_id; a run may have been started.',
    });
    expect(arrived).toHaveLength(1);
  });

  test('after HTTP 200 with a page, with nothing, or with cut JSON', async () => {
    for (const answer of [
      (response: ServerResponse) => html(response, 200),
      (response: ServerResponse) => response.end(),
      (response: ServerResponse) => response.end(`{"request_id":"${ID}`),
    ]) {
      const { event, arrived } = await submitTo(answer);
      expect(event.kind).toBe('unknown');
      expect(arrived).toHaveLength(1);
    }
  });

  test('after an answer that broke off', async () => {
    const { event, arrived } = await submitTo((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
      response.write(`{"request_id":"${ID}"`, () => response.destroy());
    });
    expect(event).toMatchObject({ kind: 'unknown', message: expect.stringContaining('broke off') as string });
    expect(arrived).toHaveLength(1);
  });

  test('after a connection that was cut when the request was in', async () => {
    const { event, arrived } = await submitTo((response) => void response.socket?.resetAndDestroy());
    expect(event.kind).toBe('unknown');
    expect(arrived).toHaveLength(1);
  });

  test('after a connection that was closed without an answer', async () => {
    const { event, arrived } = await submitTo((response) => response.destroy());
    expect(event.kind).toBe('unknown');
    expect(arrived).toHaveLength(1);
  });

  test('after a connection that was cut while the request came', async () => {
    const { url, connections } = await rawPeer((socket) => socket.resetAndDestroy());
    expect(await falAt(url).submit(ORDER)).toMatchObject({ kind: 'unknown' });
    expect(connections()).toBe(1);
  });

  test('after an answer that is no HTTP', async () => {
    const { url, connections } = await rawPeer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    expect(await falAt(url).submit(ORDER)).toMatchObject({ kind: 'unknown' });
    expect(connections()).toBe(1);
  });

  test('where TLS breaks, which it may also do when the request is out', async () => {
    const { url, connections } = await rawPeer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await falAt(url.replace('http:', 'https:')).submit(ORDER)).toMatchObject({ kind: 'unknown' });
    expect(connections()).toBe(1);
  });
});

describe('it is certain that nothing was started', () => {
  const certain = { kind: 'refused', failure: { code: 'PROVIDER_UNAVAILABLE' } };

  test('where nobody listens', async () => {
    expect(await falAt(await deadUrl()).submit(ORDER)).toMatchObject(certain);
  });
});

describe('the key', () => {
  test('is blotted out of what fal says', async () => {
    const { event } = await submitTo((response) =>
      json(response, 401, { detail: `Key ${KEY} is not known` }),
    );
    expect(JSON.stringify(event)).not.toContain('key-secret');
    expect(JSON.stringify(event)).toContain('Key [key] is not known');
  });

  test('goes to nobody a redirect names', async () => {
    const elsewhere = await peer((response) => json(response, 200, ACCEPTANCE));
    for (const status of [301, 302, 303, 307, 308]) {
      await submitTo((response) => response.writeHead(status, { location: elsewhere.url }).end());
    }
    expect(elsewhere.arrived).toEqual([]);
  });
});

test('the key is the one that was given and not one of the environment', async () => {
  vi.stubEnv('FAL_KEY', 'from-the-environment');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { arrived } = await submitTo((response) => json(response, 200, ACCEPTANCE));
  expect(arrived[0]?.headers.authorization).toBe(`Key ${KEY}`);
});

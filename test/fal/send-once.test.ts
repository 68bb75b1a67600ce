import type { FalClient } from '@fal-ai/client';
import { describe, expect, test } from 'vitest';
import { sendOnce } from '../../src/fal/send-once.ts';
import { json, peer, rawPeer } from '../support/fal-peer.ts';

const submit = (client: FalClient) => client.queue.submit('fal-ai/flux-lora', { input: { prompt: 'x' } });

function settingsFor(url: string, key = 'key-id:key-secret') {
  return { key, queueUrl: url, restUrl: url };
}

describe('an exchange', () => {
  test('that nobody answers is given up after its time, and is not repeated', async () => {
    const { url, arrived } = await peer(() => undefined);
    expect(await sendOnce(settingsFor(url), submit, { timeoutMs: 2000 })).toEqual({
      kind: 'unanswered',
      sent: true,
      message: 'no answer in time',
    });
    expect(arrived).toHaveLength(1);
  });

  test('whose answer does not end is given up after its time', async () => {
    const { url, arrived } = await peer((response) => {
      response.writeHead(200);
      response.write('{"request_id":');
    });
    expect(await sendOnce(settingsFor(url), submit, { timeoutMs: 2000 })).toEqual({
      kind: 'unanswered',
      sent: true,
      message: 'the answer broke off: no answer in time',
    });
    expect(arrived).toHaveLength(1);
  });

  test('whose answer is too large is ended while it comes', async () => {
    const { url } = await peer((response) => {
      const pour = () => {
        while (response.write(Buffer.alloc(1_000_000, 32)));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await sendOnce(settingsFor(url), submit)).toMatchObject({
      kind: 'unanswered',
      sent: true,
      message: expect.stringContaining('larger than') as string,
    });
  });

  test('keeps status, headers and JSON, or the text where it is none', async () => {
    const { url } = await peer((response, { path }) =>
      path.startsWith('/page') ? response.end('<p>') : json(response, 422, { a: 1 }, { 'x-one': '1' }),
    );
    const answer = await sendOnce(settingsFor(url), submit);
    if (answer.kind === 'unanswered') throw new Error(answer.message);
    expect([answer.status, answer.headers.get('x-one'), answer.body]).toEqual([422, '1', { json: { a: 1 } }]);
    expect(await sendOnce(settingsFor(url), submit, { url: `${url}/page` })).toMatchObject({
      status: 200,
      body: { text: '<p>' },
    });
  });

  test('goes to the address it is told, with the method and headers of the call', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, {}));
    const cancel = (client: FalClient) => client.queue.cancel('fal-ai/flux-lora', { requestId: 'r' });
    await sendOnce(settingsFor(url), cancel, { url: `${url}/given` });
    expect(arrived).toMatchObject([
      { method: 'PUT', path: '/given', headers: { authorization: 'Key key-id:key-secret' } },
    ]);
  });

  test('sends one request, however often the client tries', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, { request_id: 'r' }));
    const stubborn = async (client: FalClient) => {
      await submit(client).catch(() => undefined);
      await submit(client);
    };
    expect(await sendOnce(settingsFor(url), stubborn)).toMatchObject({ kind: 'answered', status: 200 });
    expect(arrived).toHaveLength(1);
  });

  test('that the client refuses to make sends nothing, and says so', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, {}));
    const answer = await sendOnce(settingsFor(url), () => Promise.reject(new Error('no such option')));
    expect(answer).toEqual({ kind: 'unanswered', sent: false, message: 'no such option' });
    expect(arrived).toEqual([]);
  });

  test('gives away no key of real length, wherever an answer quotes it', async () => {
    const secret = 'key-id:key-secret';
    const { url } = await peer((response, { path }) =>
      path.startsWith('/page')
        ? response.end(`<p>${secret} ${secret}</p>`)
        : json(response, 500, { detail: { headers: { authorization: `Key ${secret}` } } }),
    );
    expect(await sendOnce(settingsFor(url, secret), submit)).toMatchObject({
      body: { json: { detail: { headers: { authorization: 'Key [key]' } } } },
    });
    expect(await sendOnce(settingsFor(url, secret), submit, { url: `${url}/page` })).toMatchObject({
      body: { text: '<p>[key] [key]</p>' },
    });
  });

  test('names the reason and not only that the fetch failed', async () => {
    const { url } = await rawPeer((socket) => socket.destroy());
    const answer = await sendOnce(settingsFor(url), submit);
    expect(answer).toMatchObject({ kind: 'unanswered', sent: true });
    expect('message' in answer ? answer.message : '').not.toMatch(/^(fetch failed)?$/);
  });
});

import type { FalClient } from '@fal-ai/client';
import { describe, expect, test } from 'vitest';
import { sendOnce } from '../../src/fal/send-once.ts';
import { json, peer, rawPeer } from '../support/fal-peer.ts';

const KEY = 'key-id:key-secret';
const submit = (client: FalClient) => client.queue.submit('fal-ai/flux-lora', { input: { prompt: 'x' } });
const settingsFor = (url: string) => ({ key: KEY, queueUrl: url, restUrl: url });

describe('a request', () => {
  test.each<[string, Parameters<typeof peer>[0], string]>([
    ['without an answer', () => undefined, 'timed out'],
    [
      'without the end of its answer',
      (response) => void response.writeHead(200).write('{"request_id":'),
      'the response was cut off: timed out',
    ],
  ])('%s fails at its timeout, and is not repeated', async (_what, reply, message) => {
    const { url, arrived } = await peer(reply);
    const answer = await sendOnce(settingsFor(url), submit, { timeoutMs: 2000 });
    expect(answer).toEqual({ kind: 'no-response', sent: true, message });
    expect(arrived).toHaveLength(1);
  });

  test('fails while an answer that is too large arrives', async () => {
    const { url } = await peer((response) => {
      const pour = () => {
        while (response.write(Buffer.alloc(1_000_000, 32)));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await sendOnce(settingsFor(url), submit)).toMatchObject({
      kind: 'no-response',
      sent: true,
      message: expect.stringContaining('larger than') as string,
    });
  });

  test('returns status, headers and JSON, or the text of another body', async () => {
    const { url } = await peer((response, { path }) =>
      path.startsWith('/page') ? response.end('<p>') : json(response, 422, { a: 1 }, { 'x-one': '1' }),
    );
    const answer = await sendOnce(settingsFor(url), submit);
    if (answer.kind === 'no-response') throw new Error(answer.message);
    expect([answer.status, answer.headers.get('x-one'), answer.body]).toEqual([422, '1', { json: { a: 1 } }]);
    const page = await sendOnce(settingsFor(url), submit, { url: `${url}/page` });
    expect(page).toMatchObject({ status: 200, body: { text: '<p>' } });
  });

  test('goes to the given URL, with the method and headers of the call', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, {}));
    const cancel = (client: FalClient) => client.queue.cancel('fal-ai/flux-lora', { requestId: 'r' });
    await sendOnce(settingsFor(url), cancel, { url: `${url}/given` });
    const headers = { authorization: `Key ${KEY}` };
    expect(arrived).toMatchObject([{ method: 'PUT', path: '/given', headers }]);
  });

  test('is sent once, however often the client tries', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, { request_id: 'r' }));
    const stubborn = async (client: FalClient) => {
      await submit(client).catch(() => undefined);
      await submit(client);
    };
    expect(await sendOnce(settingsFor(url), stubborn)).toMatchObject({ kind: 'response', status: 200 });
    expect(arrived).toHaveLength(1);
  });

  test('that the client refuses to make is not sent', async () => {
    const { url, arrived } = await peer((response) => json(response, 200, {}));
    const answer = await sendOnce(settingsFor(url), () => Promise.reject(new Error('no such option')));
    expect(answer).toEqual({ kind: 'no-response', sent: false, message: 'no such option' });
    expect(arrived).toEqual([]);
  });

  test('redacts the key in its answer, in JSON and in text', async () => {
    const { url } = await peer((response, { path }) =>
      path.startsWith('/page')
        ? response.end(`<p>${KEY} ${KEY}</p>`)
        : json(response, 500, { detail: { headers: { authorization: `Key ${KEY}` } } }),
    );
    expect(await sendOnce(settingsFor(url), submit)).toMatchObject({
      body: { json: { detail: { headers: { authorization: 'Key [key]' } } } },
    });
    expect(await sendOnce(settingsFor(url), submit, { url: `${url}/page` })).toMatchObject({
      body: { text: '<p>[key] [key]</p>' },
    });
  });

  test('that fails names the cause and not only "fetch failed"', async () => {
    const { url } = await rawPeer((socket) => socket.destroy());
    const answer = await sendOnce(settingsFor(url), submit);
    expect(answer).toMatchObject({ kind: 'no-response', sent: true });
    expect('message' in answer ? answer.message : '').not.toMatch(/^(fetch failed)?$/);
  });
});

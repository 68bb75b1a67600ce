import { createHash, createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ScenarioName } from '../src/simulator.ts';
import type { Received } from './support/receiver.ts';
import { collectGarbage } from '../../../test/support/heap-used.ts';
import { ELSEWHERE, falOn, fixture, LORA, PORTRAIT, PRO, receive, TINY } from './support/fixture.ts';

const training = { images_data_url: ELSEWHERE, trigger_phrase: 'ohwx' };

type KeySet = { keys: { x: string }[] };

async function keySet(url: string): Promise<KeySet> {
  return (await (await fetch(url)).json()) as KeySet;
}

/** Which keys of the set made the signature, by fal's recipe. */
function signers({ headers, body }: Received, { keys }: KeySet): number[] {
  const text = [
    headers['x-fal-webhook-request-id'],
    headers['x-fal-webhook-user-id'],
    headers['x-fal-webhook-timestamp'],
    createHash('sha256').update(body).digest('hex'),
  ].join('\n');
  const signature = Buffer.from(headers['x-fal-webhook-signature'] ?? '', 'hex');
  return keys.flatMap(({ x }, index) => {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, Buffer.from(text), key, signature) ? [index] : [];
  });
}

describe('webhooks', () => {
  test('a finished run is told with the output, signed by one of two published keys', async () => {
    const { simulator } = await fixture({ accountId: 'me' });
    const hook = await receive();
    const { request_id: id } = await falOn(simulator).queue.submit(PRO, {
      input: { data_url: ELSEWHERE, finetune_comment: 'me' },
      webhookUrl: `${hook.url}?token=1`,
    });
    const [received] = await hook.count(1);
    if (!received) throw new Error('Nothing received');
    expect(received.path).toBe('/hook?token=1');
    expect(received.headers).toMatchObject({
      'content-type': 'application/json',
      'x-fal-webhook-request-id': id,
      'x-fal-webhook-user-id': 'me',
    });
    expect(Math.abs(Number(received.headers['x-fal-webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(5);
    expect(received.json).toEqual({
      request_id: id,
      gateway_request_id: id,
      status: 'OK',
      error: null,
      payload: { finetune_id: expect.any(String) as string },
    });
    const keys = await keySet(simulator.jwksUrl);
    expect(keys.keys).toHaveLength(2);
    expect(signers(received, keys)).toEqual([0]);
    expect(signers({ ...received, body: `${received.body} ` }, keys)).toEqual([]);
  });

  test('a failed run is told as ERROR with the detail list', async () => {
    const { submit } = await fixture();
    const hook = await receive();
    await submit(PORTRAIT, {}, hook.url);
    const [received] = await hook.count(1);
    expect(received?.json).toMatchObject({
      status: 'ERROR',
      error: 'Invalid status code: 422',
      payload: { detail: [{ type: 'missing' }] },
    });
  });

  test('a receiver that fails gets it again, signed anew, until it accepts', async () => {
    const { simulator, submit } = await fixture();
    const hook = await receive(500, 404);
    await submit(LORA, TINY, hook.url);
    await hook.count(3);
    await expect
      .poll(() => simulator.deliveries().map(({ status, result }) => [status, result]))
      .toEqual([
        [500, 'will retry'],
        [404, 'will retry'],
        [200, 'accepted'],
      ]);
    expect(new Set(hook.received.map(({ body }) => body)).size).toBe(1);
    const keys = await keySet(simulator.jwksUrl);
    expect(hook.received.map((received) => signers(received, keys))).toEqual([[0], [0], [0]]);
  });

  test('a receiver that does not answer in time gets it again', async () => {
    const { simulator, submit } = await fixture({
      // Several retries: on a busy machine a delivery may time out before it arrives.
      timing: {
        webhookFirstTimeoutMs: 1000,
        webhookRetryTimeoutMs: 1000,
        webhookRetryMs: Array.from({ length: 50 }, () => 1),
      },
    });
    const hook = await receive('never');
    await submit(LORA, TINY, hook.url);
    await hook.count(1);
    collectGarbage();
    await expect.poll(() => simulator.deliveries().at(-1)?.result).toBe('accepted');
    expect(simulator.deliveries()[0]).toMatchObject({ status: null, result: 'will retry' });
  });

  test('a redirect is final: not followed, not repeated', async () => {
    const { simulator, submit, completed } = await fixture();
    const hook = await receive({ status: 308, headers: { location: '/elsewhere' } });
    await completed(await submit(LORA, TINY, hook.url));
    await expect.poll(() => simulator.deliveries().map(({ result }) => result)).toEqual(['given up']);
    expect(hook.received.map(({ path }) => path)).toEqual(['/hook']);
  });

  test('after the last retry it is given up', async () => {
    const { simulator, submit } = await fixture({ timing: { webhookRetryMs: [1] } });
    const hook = await receive(500, 500);
    await submit(LORA, TINY, hook.url);
    await expect.poll(() => simulator.deliveries().at(-1)?.result).toBe('given up');
    expect(simulator.deliveries()).toHaveLength(2);
  });

  test('after a rotation a new key signs, and the old one is still published', async () => {
    const { simulator, submit } = await fixture();
    const hook = await receive();
    const before = await keySet(simulator.jwksUrl);
    simulator.rotateKeys();
    await submit(LORA, TINY, hook.url);
    const [received] = await hook.count(1);
    if (!received) throw new Error('Nothing received');
    expect(signers(received, before)).toEqual([]);
    const after = await keySet(simulator.jwksUrl);
    expect(signers(received, after)).toEqual([0]);
    expect(after.keys[1]).toEqual(before.keys[0]);
  });

  test('a message of the caller’s own making is signed like any other', async () => {
    const { simulator } = await fixture();
    const hook = await receive(204, 401);
    const keys = await keySet(simulator.jwksUrl);
    expect(await simulator.deliver({ url: hook.url, requestId: 'r1', body: { request_id: 'r2' } })).toBe(204);
    expect(
      await simulator.deliver({ url: hook.url, requestId: 'r1', body: 'junk', signature: 'forged' }),
    ).toBe(401);
    expect(hook.received.map((received) => signers(received, keys))).toEqual([[0], []]);
  });

  test('a webhook address that is no web address is refused', async () => {
    const { ask } = await fixture();
    expect((await ask('POST', `/${LORA}?fal_webhook=ftp://x`, TINY)).status).toBe(422);
  });
});

describe('webhook scenarios', () => {
  async function told(scenario: ScenarioName, count: number, endpoint = PORTRAIT) {
    const { simulator, submit, result } = await fixture({ accountId: 'me' });
    const hook = await receive();
    simulator.program({ scenario });
    const run = await submit(endpoint, endpoint === PORTRAIT ? training : TINY, hook.url);
    await hook.count(count);
    const keys = await keySet(simulator.jwksUrl);
    const genuine = hook.received.map((received) => signers(received, keys).length === 1);
    return { simulator, run, hook, genuine, bodies: hook.received.map(({ json }) => json), result };
  }

  test('twice: the same bytes two times', async () => {
    const { hook } = await told('twice', 2);
    expect(hook.received[0]?.body).toBe(hook.received[1]?.body);
  });

  test('conflicting: OK, then ERROR, both genuine', async () => {
    const { bodies, genuine } = await told('conflicting', 2);
    expect(bodies.map(({ status }) => status)).toEqual(['OK', 'ERROR']);
    expect(genuine).toEqual([true, true]);
  });

  test('conflicting-error-first: ERROR, then OK', async () => {
    const { bodies } = await told('conflicting-error-first', 2);
    expect(bodies.map(({ status }) => status)).toEqual(['ERROR', 'OK']);
  });

  test('forged: a wrong signature first, then the genuine message', async () => {
    const { bodies, genuine } = await told('forged', 2);
    expect(genuine).toEqual([false, true]);
    expect(bodies.map(({ status }) => status)).toEqual(['ERROR', 'OK']);
  });

  test('forged-only: nothing genuine comes', async () => {
    const { genuine, simulator } = await told('forged-only', 1);
    expect(genuine).toEqual([false]);
    await expect.poll(() => simulator.deliveries().map(({ result }) => result)).toEqual(['accepted']);
  });

  test('stale: genuine, ten minutes old', async () => {
    const { hook, genuine } = await told('stale', 1);
    const age = Date.now() / 1000 - Number(hook.received[0]?.headers['x-fal-webhook-timestamp']);
    expect(age).toBeGreaterThan(595);
    expect(genuine).toEqual([true]);
  });

  test('other-account: genuine, for another user id', async () => {
    const { hook, genuine } = await told('other-account', 1);
    expect(hook.received[0]?.headers['x-fal-webhook-user-id']).not.toBe('me');
    expect(genuine).toEqual([true]);
  });

  test('null-payload: OK without payload, yet the result can be fetched', async () => {
    const { bodies, run, result } = await told('null-payload', 1);
    expect(bodies[0]).toMatchObject({
      status: 'OK',
      payload: null,
      payload_error: expect.any(String) as string,
    });
    expect((await result(run)).body).toHaveProperty('diffusers_lora_file');
  });

  test('error-null: ERROR without payload, and the run did fail', async () => {
    const { bodies, run, result } = await told('error-null', 1);
    expect(bodies[0]).toMatchObject({ status: 'ERROR', payload: null });
    expect((await result(run)).status).toBe(422);
  });

  test('legacy: the old form', async () => {
    const { bodies, run } = await told('legacy', 1);
    expect(bodies[0]).toEqual({
      request_id: run.request_id,
      status: 'completed',
      result: expect.objectContaining({ diffusers_lora_file: expect.anything() as object }) as object,
    });
  });

  test('legacy of a failure: status failed and a text', async () => {
    const { simulator, submit } = await fixture();
    const hook = await receive();
    simulator.program({ scenarios: ['legacy', 'fail'] });
    const run = await submit(PORTRAIT, training, hook.url);
    await hook.count(1);
    expect(hook.received[0]?.json).toEqual({
      request_id: run.request_id,
      status: 'failed',
      error: 'Could not detect a face in the training images',
    });
  });

  test('junk-body: signed, and not JSON', async () => {
    const { hook, genuine } = await told('junk-body', 1);
    expect(() => JSON.parse(hook.received[0]?.body ?? '{}') as unknown).toThrow();
    expect(genuine).toEqual([true]);
  });

  test('same-signature: retries repeat the first headers', async () => {
    let now = Date.now();
    const { simulator, submit } = await fixture({ now: () => (now += 1_000) });
    const hook = await receive(500);
    simulator.program({ scenario: 'same-signature' });
    await submit(LORA, TINY, hook.url);
    await hook.count(2);
    const stamps = hook.received.map(({ headers }) => headers['x-fal-webhook-timestamp']);
    expect(stamps[0]).toBe(stamps[1]);
  });

  test('silent: the run ends and nothing is told', async () => {
    const { simulator, submit, completed } = await fixture();
    const hook = await receive();
    simulator.program({ scenario: 'silent' });
    await completed(await submit(LORA, TINY, hook.url));
    await simulator.close();
    expect(simulator.deliveries()).toEqual([]);
  });

  test('late: sent `lateMs` after completion', async () => {
    for (const lateMs of [600_000, 1]) {
      const { simulator, submit, completed } = await fixture({ timing: { lateMs } });
      const hook = await receive();
      simulator.program({ scenario: 'late' });
      await completed(await submit(LORA, TINY, hook.url));
      if (lateMs === 1) await hook.count(1);
      else await simulator.close();
      expect(simulator.deliveries()).toHaveLength(lateMs === 1 ? 1 : 0);
    }
  });

  test('early: told before the submit is answered', async () => {
    const { simulator, submit } = await fixture({ timing: { queueMs: 60_000, trainMs: 60_000 } });
    const hook = await receive();
    simulator.program({ scenario: 'early' });
    const run = await submit(PORTRAIT, training, hook.url);
    expect(hook.received.map(({ json }) => json['request_id'])).toEqual([run.request_id]);
  });

  test('early to a receiver that does not answer: the submit is answered after a while all the same', async () => {
    const { simulator, submit } = await fixture({ timing: { earlyAnswerMs: 30 } });
    const hook = await receive('never');
    simulator.program({ scenario: 'early' });
    await submit(PORTRAIT, training, hook.url);
    await hook.count(1);
  });

  test('a cancelled run is told as ERROR, unless switched off', async () => {
    for (const webhookOnCancel of [true, false]) {
      const { simulator, submit, ask, completed } = await fixture({
        webhookOnCancel,
        timing: { queueMs: 60_000 },
      });
      const hook = await receive();
      const run = await submit(LORA, TINY, hook.url);
      await ask('PUT', run.cancel_url);
      await completed(run);
      if (webhookOnCancel) await hook.count(1);
      await simulator.close();
      expect(hook.received.map(({ json }) => json['error'])).toEqual(
        webhookOnCancel ? ['Invalid status code: 499'] : [],
      );
    }
  });
});

test('the key set can be down, empty, junk, of low order, huge or silent', async () => {
  const { simulator } = await fixture();
  const read = async (scenario: ScenarioName) => {
    simulator.program({ scenario });
    return fetch(simulator.jwksUrl);
  };
  expect((await read('jwks-down')).status).toBe(503);
  expect(await (await read('jwks-empty')).json()).toEqual({ keys: [] });
  expect((await read('jwks-junk')).headers.get('content-type')).toContain('text/html');
  const low = (await (await read('jwks-low-order')).json()) as KeySet;
  expect(Buffer.from(low.keys[0]?.x ?? '', 'base64url')).toHaveLength(32);
  expect((await (await read('jwks-huge')).text()).length).toBeGreaterThan(5_000_000);
  // Of two reads the first to arrive hangs.
  simulator.program({ scenario: 'jwks-hang' });
  const leaving = new AbortController();
  const reads = [1, 2].map(() => fetch(simulator.jwksUrl, { signal: leaving.signal }));
  expect(await (await Promise.race(reads)).json()).toHaveProperty('keys.length', 2);
  expect((await keySet(simulator.jwksUrl)).keys).toHaveLength(2);
  leaving.abort();
  await expect(Promise.all(reads)).rejects.toThrow();
});

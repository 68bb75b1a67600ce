import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../../test/support/free-port.ts';
import { ELSEWHERE, LORA, PORTRAIT, receive, fixture, TINY } from './support/fixture.ts';

type Asked = { path: string; method?: string; headers: Record<string, string>; body?: string };

/** A request with any headers, also those that fetch would write itself. */
function raw(url: string, { path, method = 'GET', headers, body }: Asked) {
  return new Promise<{ status: number; headers: object; text: string }>((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const CONTROLS = [
  ['GET', 'requests'],
  ['GET', 'deliveries'],
  ['GET', 'scenarios'],
  ['POST', 'program'],
  ['DELETE', 'program'],
  ['POST', 'rotate-keys'],
] as const;
const JSON_TYPE = { 'content-type': 'application/json' };
const FAIL = JSON.stringify({ scenario: 'submit-503' });

describe('a page under a foreign name that leads to this machine', () => {
  test.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '10.0.0.1',
  ])('gets nothing under %s', async (host) => {
    const { simulator } = await fixture();
    const paths = ['/', '/samples/photos.zip', '/.well-known/jwks.json', `/${LORA}/requests/x`, '/files/x/y'];
    for (const path of [...paths, ...CONTROLS.map(([, name]) => `/__simulator/${name}`)]) {
      expect((await raw(simulator.url, { path, headers: { host } })).status, path).toBe(403);
    }
    const headers = { host, authorization: 'Key k', ...JSON_TYPE };
    const submit = { path: `/${LORA}`, method: 'POST', headers, body: JSON.stringify(TINY) };
    expect((await raw(simulator.url, submit)).status).toBe(403);
    expect(simulator.requests()).toEqual([]);
  });

  test.each(['127.0.0.1', 'localhost:9999', 'LOCALHOST', '[::1]:4010'])(
    'while %s is a name of this machine',
    async (host) => {
      const { simulator } = await fixture();
      expect((await raw(simulator.url, { path: '/', headers: { host } })).status).toBe(200);
      const control = { path: '/__simulator/scenarios', headers: { host } };
      expect((await raw(simulator.url, control)).status).toBe(200);
    },
  );

  test('and so is the one it hands out, as in a container, and no other', async () => {
    const port = await freePort();
    await fixture({ host: '0.0.0.0', port, publicUrl: 'http://fal:4010' });
    const status = async (host: string) =>
      (await raw(`http://127.0.0.1:${port}`, { path: '/__simulator/requests', headers: { host } })).status;
    expect(await status('fal:4010')).toBe(200);
    expect(await status(`127.0.0.1:${port}`)).toBe(200);
    expect(await status('fal.evil.example')).toBe(403);
  });
});

describe('a web page cannot drive the simulator', () => {
  test.each(CONTROLS)('from a foreign origin: %s %s', async (method, name) => {
    const { simulator } = await fixture();
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
      const body = method === 'POST' ? { body: FAIL } : {};
      const asked = { path: `/__simulator/${name}`, method, headers: { origin, ...JSON_TYPE }, ...body };
      expect((await raw(simulator.url, asked)).status, origin).toBe(403);
    }
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'with what a page sends unasked: %s',
    async (type) => {
      const { simulator, ask } = await fixture();
      for (const name of ['program', 'rotate-keys']) {
        const headers = type === '' ? {} : { 'content-type': type };
        const asked = { path: `/__simulator/${name}`, method: 'POST', headers, body: FAIL };
        expect((await raw(simulator.url, asked)).status, name).toBe(415);
      }
      expect((await ask('POST', `/${LORA}`, TINY)).status).toBe(200);
    },
  );

  test('by asking whether it may: nothing answers yes', async () => {
    const { simulator } = await fixture();
    const headers = {
      origin: simulator.url,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    for (const path of ['/__simulator/program', `/${LORA}`]) {
      const answer = await raw(simulator.url, { path, method: 'OPTIONS', headers });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });
});

describe('without controls', () => {
  test('there is no control route, and nothing names one', async () => {
    const { simulator, ask } = await fixture({ controls: false });
    for (const [method, name] of CONTROLS) {
      const answer = await ask(method, `/__simulator/${name}`, method === 'POST' ? FAIL : undefined);
      expect(answer.status, name).toBe(404);
      expect(answer.body).toEqual({ detail: `Path /__simulator/${name} not found` });
    }
    expect((await ask('GET', '/')).body).toEqual({ name: 'fal simulator' });
    expect(simulator.requests()).toEqual([]);
  });

  test('scenarios in an input are text like any other', async () => {
    const { simulator, ask, submit, result } = await fixture({ controls: false });
    const hook = await receive();
    for (const scenario of ['submit-401', 'submit-403-balance', 'hang', 'stuck', 'fail', 'silent']) {
      const training = { images_data_url: `${ELSEWHERE}?scenario=${scenario}` };
      const trained = await submit(PORTRAIT, training, hook.url);
      expect((await result(trained)).status, scenario).toBe(200);
      const drawn = await submit(LORA, { ...TINY, prompt: `a [[${scenario}]] portrait` }, hook.url);
      expect((await result(drawn)).status, scenario).toBe(200);
    }
    await hook.count(12);
    expect(simulator.requests().flatMap(({ scenarios }) => scenarios)).toEqual([]);
    simulator.program({ scenario: 'submit-503' });
    expect((await ask('POST', `/${LORA}`, TINY)).status).toBe(503);
  });
});

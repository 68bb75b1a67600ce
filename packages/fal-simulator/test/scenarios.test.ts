import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SCENARIOS } from '../src/scenarios.ts';
import {
  ELSEWHERE,
  firstDetail,
  type Json,
  LORA,
  PORTRAIT,
  PRO,
  receive,
  fixture,
  TINY,
  ULTRA,
} from './support/fixture.ts';

const training = { images_data_url: ELSEWHERE };

test('the archive URL chooses scenarios', async () => {
  const { simulator, submit, result } = await fixture();
  const run = await submit(PORTRAIT, { images_data_url: `${ELSEWHERE}?scenario=fail,silent` });
  expect(firstDetail((await result(run)).body)['type']).toBe('face_detection_error');
  expect(simulator.requests()[0]?.scenarios).toEqual(['fail', 'silent']);
});

test('the prompt chooses scenarios, and brackets of its own do no harm', async () => {
  const { simulator, submit, result } = await fixture();
  const run = await submit(LORA, { prompt: 'a cat [[no such]] [[fail-5xx]]' });
  expect(await result(run)).toMatchObject({ status: 500, body: { error_type: 'internal_error' } });
  expect(simulator.requests()[0]?.scenarios).toEqual(['fail-5xx']);
});

test('a program bends the next submits of its endpoint, as many as it says', async () => {
  const { simulator, ask } = await fixture();
  simulator.program({ endpoint: LORA, scenario: 'submit-503', times: 2 });
  const answers = [];
  for (const endpoint of [PORTRAIT, LORA, LORA, LORA]) {
    answers.push((await ask('POST', `/${endpoint}`, { ...TINY, ...training })).status);
  }
  expect(answers).toEqual([200, 503, 503, 200]);
});

test('another process can program, rotate keys and read what happened, without seeing a secret', async () => {
  const { simulator, ask, submit, completed } = await fixture();
  const hook = await receive();
  const callback = `${hook.url}/callback-token?also=query-token`;
  expect((await ask('POST', '/__simulator/program', { scenario: 'twice', endpoint: LORA })).status).toBe(200);
  expect((await ask('POST', '/__simulator/rotate-keys')).status).toBe(200);
  await completed(await submit(LORA, TINY, callback));
  await hook.count(2);
  const requests = (await ask('GET', '/__simulator/requests')).body as unknown as Json[];
  const masked = `${hook.url}/…?…`;
  expect(requests).toMatchObject([
    { endpoint: LORA, webhookUrl: masked, query: { fal_webhook: masked }, scenarios: ['twice'] },
  ]);
  expect(simulator.requests()[0]?.headers['authorization']).toBe('Key id:secret');
  expect(simulator.requests()[0]?.webhookUrl).toBe(callback);
  await expect.poll(async () => (await ask('GET', '/__simulator/deliveries')).body).toHaveLength(2);
  const deliveries = (await ask('GET', '/__simulator/deliveries')).body as unknown as Json[];
  expect(deliveries).toMatchObject([{ url: masked }, { url: masked }]);
  expect(JSON.stringify([requests, deliveries])).not.toMatch(/secret|token/);
  expect((await ask('GET', '/__simulator/scenarios')).body).toEqual(SCENARIOS);
});

test.each([
  ['submit-401', 401],
  ['submit-403', 403],
  ['submit-403-balance', 403],
  ['submit-422', 422],
  ['submit-429', 429],
  ['submit-500', 500],
  ['submit-502', 502],
  ['submit-503', 503],
] as const)('%s refuses and starts nothing', async (scenario, status) => {
  const { simulator, ask } = await fixture();
  simulator.program({ scenario });
  const answer = await ask('POST', `/${LORA}`, TINY);
  expect(answer.status).toBe(status);
  expect(simulator.requests()).toMatchObject([{ requestId: null, answered: status }]);
});

test.each([
  'lost-answer',
  'cut-answer',
  'hang',
  'html',
  'no-request-id',
  'bad-request-id',
  'submit-504',
] as const)('%s hides the answer, yet the run goes on and is told', async (scenario) => {
  const { simulator } = await fixture();
  const hook = await receive();
  simulator.program({ scenario });
  const leaving = new AbortController();
  const submitted = fetch(`${simulator.url}/${LORA}?fal_webhook=${hook.url}`, {
    method: 'POST',
    headers: { authorization: 'Key k' },
    body: JSON.stringify(TINY),
    signal: leaving.signal,
  }).then((answer) => answer.json() as Promise<Json>);
  const id = submitted.then(({ request_id }) => request_id ?? 'none').catch(() => 'broken');
  const [told] = await hook.count(1);
  expect(told?.json['status']).toBe('OK');
  if (scenario === 'hang') leaving.abort();
  expect(await id).not.toBe(told?.json['request_id']);
  expect(simulator.requests()).toHaveLength(1);
});

test('stuck never completes, and can be cancelled', async () => {
  const { simulator, submit, ask, status, completed } = await fixture();
  simulator.program({ scenario: 'stuck' });
  const run = await submit(PORTRAIT, training);
  while ((await status(run)).body['status'] !== 'IN_PROGRESS');
  await ask('PUT', run.cancel_url);
  expect((await completed(run)).body['error_type']).toBe('client_cancelled');
});

test('stuck-in-queue never starts', async () => {
  const { simulator, submit, ask, completed, status } = await fixture({ cancelQueuedWith: 202 });
  simulator.program({ scenario: 'stuck-in-queue' });
  const run = await submit(PORTRAIT, training);
  expect((await status(run)).body).toMatchObject({ status: 'IN_QUEUE' });
  expect(await ask('PUT', run.cancel_url)).toMatchObject({
    status: 202,
    body: { status: 'CANCELLATION_REQUESTED' },
  });
  await completed(run);
});

test('requeue goes back to IN_QUEUE once and changes the gateway id', async () => {
  const states: string[] = [];
  const { simulator, submit } = await fixture({
    log: (event) => {
      if (event.type === 'state') states.push(event.state);
    },
  });
  const hook = await receive();
  simulator.program({ scenario: 'requeue' });
  const run = await submit(PORTRAIT, training, hook.url);
  const [told] = await hook.count(1);
  // After the submit, which puts it into the queue.
  expect(states).toEqual(['IN_PROGRESS', 'IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']);
  expect(told?.json['request_id']).toBe(run.request_id);
  expect(told?.json['gateway_request_id']).not.toBe(run.request_id);
});

test('slow takes its time', async () => {
  const { simulator, submit, completed } = await fixture({
    timing: { queueMs: 10, trainMs: 20, slowFactor: 4 },
  });
  simulator.program({ scenario: 'slow' });
  const end = await completed(await submit(PORTRAIT, training));
  expect((end.body['metrics'] as { inference_time: number }).inference_time).toBeGreaterThan(0.07);
});

test('no-artifact succeeds without what was promised', async () => {
  const { simulator, submit, result } = await fixture();
  simulator.program({ scenario: 'no-artifact', times: 3 });
  const of = async (endpoint: string, input: Json) => (await result(await submit(endpoint, input))).body;
  expect(await of(PORTRAIT, training)).toMatchObject({ diffusers_lora_file: null });
  expect(await of(PRO, { data_url: ELSEWHERE, finetune_comment: 'x' })).toEqual({});
  expect(await of(LORA, TINY)).not.toHaveProperty('images');
});

test('odd-url points where nobody should look', async () => {
  const { simulator, submit, result } = await fixture();
  simulator.program({ scenario: 'odd-url', times: 2 });
  for (const [endpoint, input] of [
    [PORTRAIT, training],
    [LORA, TINY],
  ] as const) {
    expect(JSON.stringify((await result(await submit(endpoint, input))).body)).toContain(
      'http://169.254.169.254/',
    );
  }
});

test('filtered gives black images and says so', async () => {
  const { submit, result } = await fixture();
  const { body } = await result(await submit(LORA, { ...TINY, prompt: '[[filtered]]', num_images: 2 }));
  expect(body['has_nsfw_concepts']).toEqual([true, true]);
});

test('cancel-ignored answers 202 and finishes all the same', async () => {
  const { simulator, submit, ask, result } = await fixture({ timing: { trainMs: 1000 } });
  simulator.program({ scenario: 'cancel-ignored' });
  const run = await submit(PORTRAIT, training);
  expect((await ask('PUT', run.cancel_url)).status).toBe(202);
  expect((await result(run)).status).toBe(200);
});

test('result-gone is COMPLETED and 404', async () => {
  const { submit, result } = await fixture();
  expect((await result(await submit(LORA, { ...TINY, prompt: '[[result-gone]]' }))).status).toBe(404);
});

test('status-503 recovers after two reads, status-500 never does', async () => {
  const { submit, ask } = await fixture();
  const flaky = await submit(LORA, { ...TINY, prompt: '[[status-503]]' });
  const reads = [];
  while (reads.length < 3) reads.push((await ask('GET', flaky.status_url)).status);
  expect(reads.map((status) => status === 503)).toEqual([true, true, false]);
  const broken = await submit(LORA, { ...TINY, prompt: '[[status-500]]' });
  expect((await ask('GET', broken.status_url)).status).toBe(500);
});

test('fail-plain has a detail that is text', async () => {
  const { simulator, submit, result } = await fixture();
  simulator.program({ scenario: 'fail-plain', endpoint: PORTRAIT });
  const { status, body } = await result(await submit(PORTRAIT, training));
  expect([status, typeof body['detail']]).toEqual([422, 'string']);
  expect((await result(await submit(ULTRA, {}))).status).toBe(422);
});

test('the guide lists every scenario', () => {
  const guide = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replace(/ +/g, ' ');
  for (const [name, effect] of Object.entries(SCENARIOS))
    expect(guide).toContain(`| \`${name}\` | ${effect} |`);
});

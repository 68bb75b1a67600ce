import { ValidationError, type ApiError } from '@fal-ai/client';
import { describe, expect, test } from 'vitest';
import { ELSEWHERE, falOn, LORA, PORTRAIT, fixture, TINY, ULTRA } from './support/fixture.ts';

const training = { images_data_url: ELSEWHERE, trigger_phrase: 'ohwx' };

describe('the queue', () => {
  test("fal's client submits, watches and reads a run as it does at fal", async () => {
    const { simulator, fal } = await fixture({ timing: { trainMs: 40 } });
    const seen: string[] = [];
    const enqueued: string[] = [];

    const result = await fal.subscribe(PORTRAIT, {
      input: training,
      logs: true,
      pollInterval: 5,
      onEnqueue: (id) => enqueued.push(id),
      onQueueUpdate: (update) => seen.push(update.status),
    });

    expect(enqueued).toEqual([result.requestId]);
    expect(seen.at(-1)).toBe('COMPLETED');
    expect(result.data).toHaveProperty('diffusers_lora_file.url');
    expect(simulator.requests()).toMatchObject([
      { requestId: result.requestId, endpoint: PORTRAIT, body: training, answered: 200 },
    ]);
  });

  test('a submit is answered with the documented fields, short of the sub-path', async () => {
    const { simulator, ask } = await fixture();
    const { status, body, headers } = await ask('POST', `/${ULTRA}`, {});
    const id = String(body['request_id']);
    const response = `${simulator.queueUrl}/fal-ai/flux-pro/requests/${id}`;
    expect(status).toBe(200);
    expect(headers.get('x-fal-request-id')).toBe(id);
    expect(body).toEqual({
      status: 'IN_QUEUE',
      request_id: id,
      gateway_request_id: id,
      response_url: response,
      status_url: `${response}/status`,
      cancel_url: `${response}/cancel`,
      queue_position: 2,
    });
  });

  test('the status counts down, then shows progress, then the end', async () => {
    const { submit, ask, status, completed } = await fixture({ timing: { queueMs: 30 } });
    const stuck = await submit(PORTRAIT, { ...training, images_data_url: `${ELSEWHERE}?scenario=stuck` });
    const positions: number[] = [];
    let now = await status(stuck);
    for (; now.body['status'] === 'IN_QUEUE'; now = await status(stuck)) {
      expect(now.status).toBe(202);
      positions.push(Number(now.body['queue_position']));
    }
    expect(positions).toEqual(positions.toSorted((a, b) => b - a));
    expect(now).toMatchObject({ status: 202, body: { status: 'IN_PROGRESS', metrics: {} } });

    const run = await submit(PORTRAIT, training);
    const end = await completed(run);
    expect(end.status).toBe(200);
    const logs = end.body['logs'] as { message: string; timestamp: string }[];
    expect(
      logs.some(({ message }) =>
        /^ 50%\|█{5} {5}\| 1250\/2500 \[\d\d:\d\d<\d\d:\d\d, [\d.]+it\/s\]$/.test(message),
      ),
    ).toBe(true);
    expect(logs.every(({ timestamp }) => !Number.isNaN(Date.parse(timestamp)))).toBe(true);
    expect((await ask('GET', run.status_url)).body['logs']).toBeNull();
  });

  test('the status stream tells every change, each log line once, and ends', async () => {
    const { simulator, fal } = await fixture({ timing: { queueMs: 20, pingMs: 3 } });
    const { request_id: requestId } = await fal.queue.submit(LORA, { input: TINY });
    const lines: string[] = [];
    const end = await fal.queue.subscribeToStatus(LORA, {
      requestId,
      mode: 'streaming',
      logs: true,
      onQueueUpdate: (update) => {
        if ('logs' in update) lines.splice(0, lines.length, ...update.logs.map(({ message }) => message));
      },
    });
    expect(end.status).toBe('COMPLETED');
    expect(lines).toHaveLength(4);
    expect(new Set(lines).size).toBe(4);

    const raw = await fetch(`${simulator.url}/${LORA}/requests/${requestId}/status/stream`, {
      headers: { authorization: 'Key k' },
    });
    expect(raw.headers.get('content-type')).toBe('text/event-stream');
    expect(await raw.text()).toMatch(/^data: \{"status":"COMPLETED".*\}\n\n$/);
  });

  test('a quiet status stream is kept alive with comments', async () => {
    const { simulator, submit } = await fixture({ timing: { pingMs: 3 } });
    simulator.program({ scenario: 'stuck' });
    const run = await submit(PORTRAIT, training);
    const stream = await fetch(`${run.status_url}/stream`, { headers: { authorization: 'Key k' } });
    let text = '';
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes(': ping\n\n')) break;
    }
    expect(text).toContain(': ping\n\n');
  });

  test('a result asked for too early is 400, later the output under every alias', async () => {
    const { submit, ask, result } = await fixture();
    const input = { prompt: 'x', finetune_id: 'none', finetune_strength: 1 };
    const open = await submit(ULTRA, { ...input, prompt: '[[stuck-in-queue]]' });
    expect(await ask('GET', open.response_url)).toMatchObject({
      status: 400,
      body: { detail: 'Request is still in progress' },
    });
    const run = await submit(ULTRA, input);
    const { body } = await result(run);
    expect((await ask('GET', `${run.response_url}/response`)).body).toEqual(body);
    expect((await ask('GET', `/${ULTRA}/requests/${run.request_id}`)).body).toEqual(body);
  });

  test('strict paths answer 405 for the full endpoint id', async () => {
    const { submit, ask } = await fixture({ strictPaths: true });
    const run = await submit(ULTRA, {});
    expect((await ask('GET', `/${ULTRA}/requests/${run.request_id}/status`)).status).toBe(405);
    expect((await ask('GET', run.status_url)).status).toBeLessThan(300);
  });

  test('a failed run is COMPLETED with error and error_type, and its result is a ValidationError', async () => {
    const { fal, submit, completed } = await fixture();
    const run = await submit(PORTRAIT, {});
    const end = await completed(run);
    expect(end.body).toMatchObject({ status: 'COMPLETED', error: 'Field required', error_type: 'missing' });
    const failure = fal.queue.result(PORTRAIT, { requestId: run.request_id });
    await expect(failure).rejects.toBeInstanceOf(ValidationError);
    await expect(failure).rejects.toMatchObject({
      status: 422,
      requestId: run.request_id,
      fieldErrors: [{ loc: ['body', 'images_data_url'], type: 'missing' }],
    });
  });

  test('unknown runs, apps and paths are 404, and runs are known only under their app', async () => {
    const { submit, ask } = await fixture();
    const run = await submit(LORA, TINY);
    expect((await ask('POST', '/fal-ai/no-such-app', {})).status).toBe(404);
    expect((await ask('POST', '/alone', {})).status).toBe(404);
    expect((await ask('GET', `/fal-ai/flux-pro/requests/${run.request_id}/status`)).body).toEqual({
      status: 'NOT_FOUND',
    });
    expect((await ask('GET', `/${LORA}/requests/nobody/status`)).status).toBe(404);
    expect((await ask('PUT', `/${LORA}/requests/nobody/cancel`)).status).toBe(404);
    expect((await ask('GET', `/${LORA}/requests/${run.request_id}/else`)).status).toBe(404);
    expect((await ask('GET', `/${LORA}`)).status).toBe(405);
  });

  test('no key is 401, and so is a wrong one where keys are named', async () => {
    const { simulator } = await fixture({ apiKeys: ['right:key'] });
    const bare = await fetch(`${simulator.url}/${LORA}`, { method: 'POST', body: '{}' });
    expect(bare.status).toBe(401);
    const wrong = falOn(simulator, 'wrong').queue.submit(LORA, { input: TINY });
    await expect(wrong).rejects.toMatchObject({ status: 401 } satisfies Partial<ApiError<unknown>>);
    const right = await falOn(simulator, 'right:key').queue.submit(LORA, { input: TINY });
    expect(right.status).toBe('IN_QUEUE');
    expect(simulator.requests().map(({ answered }) => answered)).toEqual([401, 401, 200]);
  });

  test('fal_max_queue_length refuses once more than that many wait', async () => {
    const { ask } = await fixture({ timing: { queueMs: 60_000 } });
    const answers: number[] = [];
    while (answers.length < 3)
      answers.push((await ask('POST', `/${LORA}?fal_max_queue_length=1`, TINY)).status);
    expect(answers).toEqual([200, 200, 429]);
  });

  test('a run that does not start in the requested time ends with 504 for the user', async () => {
    const { ask, result, completed } = await fixture({ timing: { queueMs: 60_000 } });
    const { body } = await ask('POST', `/${LORA}`, TINY, { 'x-fal-request-timeout': '0.01' });
    const run = body as Parameters<typeof result>[0];
    expect((await completed(run)).body['error_type']).toBe('request_timeout');
    const late = await result(run);
    expect(late.status).toBe(504);
    expect(late.headers.get('x-fal-request-timeout-type')).toBe('user');
  });
});

describe('cancelling', () => {
  test('a queued run is removed: 200, COMPLETED as client_cancelled, result 499', async () => {
    const { submit, ask, completed, result } = await fixture({ timing: { queueMs: 60_000 } });
    const run = await submit(LORA, TINY);
    expect(await ask('PUT', run.cancel_url)).toMatchObject({ status: 200, body: { status: 'OK' } });
    expect((await completed(run)).body['error_type']).toBe('client_cancelled');
    expect(await result(run)).toMatchObject({ status: 499, body: { error_type: 'client_cancelled' } });
    expect(await ask('PUT', run.cancel_url)).toMatchObject({
      status: 400,
      body: { status: 'ALREADY_COMPLETED' },
    });
  });

  test('a running run takes the signal: 202, then the same end', async () => {
    const { submit, ask, status, completed } = await fixture({ timing: { queueMs: 0, trainMs: 60_000 } });
    const run = await submit(PORTRAIT, training);
    while ((await status(run)).body['status'] !== 'IN_PROGRESS');
    const answer = await ask('PUT', run.cancel_url);
    expect(answer).toMatchObject({ status: 202, body: { status: 'CANCELLATION_REQUESTED' } });
    expect((await completed(run)).body['error_type']).toBe('client_cancelled');
  });

  test('only PUT cancels', async () => {
    const { submit, ask } = await fixture({ timing: { queueMs: 60_000 } });
    const run = await submit(LORA, TINY);
    expect((await ask('POST', run.cancel_url)).status).toBe(405);
    expect((await ask('GET', run.status_url)).body['status']).toBe('IN_QUEUE');
  });
});

import { describe, expect, test } from 'vitest';
import webhooks from '../fixtures/fal/webhooks.json' with { type: 'json' };
import { readPayload } from '../../src/fal/read-webhook.ts';

const { succeeded, succeededWithoutPayload, failed, failedWithoutPayload } = webhooks;
const ID = succeeded.body.request_id;
const OUTPUT = succeeded.body.payload;

function read(body: unknown) {
  return readPayload(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}

function eventIn(body: unknown) {
  const reading = read(body);
  if ('malformed' in reading) throw new Error(`malformed: ${reading.malformed}`);
  expect(reading.message.requestId).toBe(ID);
  return reading.message.event;
}

const success = { kind: 'succeeded', requestId: ID, output: OUTPUT };
const withoutResult = { kind: 'identified', requestId: ID };

describe('a success', () => {
  test.each<[string, unknown, object]>([
    ['with a payload', succeeded.body, success],
    ['of the previous system', { request_id: ID, status: 'completed', result: OUTPUT }, success],
    ['without a payload', { request_id: ID, status: 'OK' }, withoutResult],
    ['whose payload fal could not send', succeededWithoutPayload.body, withoutResult],
    ['with a list for a payload', { ...succeeded.body, payload: [OUTPUT] }, withoutResult],
    ['with a text for a payload', { ...succeeded.body, payload: 'https://v3.fal.media/l' }, withoutResult],
    ['of the previous system without a result', { request_id: ID, status: 'completed' }, withoutResult],
  ])('%s is read', (_what, body, event) => {
    expect(eventIn(body)).toEqual(event);
  });

  test.each(['OK', 'ok', 'Ok', 'COMPLETED', 'Completed'])('may have the status %s', (status) => {
    expect(eventIn({ ...succeeded.body, status }).kind).toBe('succeeded');
  });

  test('keeps its output when other fields have unexpected types', () => {
    expect(read(succeeded.body)).toMatchObject({ gatewayRequestId: succeeded.body.gateway_request_id });
    const body = { ...succeeded.body, gateway_request_id: 7, error: {}, result: 1 };
    expect(read(body)).toMatchObject({ gatewayRequestId: null, message: { event: { kind: 'succeeded' } } });
  });

  test('of several megabytes is read', () => {
    const line = 'training continues '.repeat(4);
    const payload = { notes: Array.from({ length: 50_000 }, (_, step) => ({ step, line })) };
    expect(eventIn({ ...succeeded.body, payload })).toMatchObject({ kind: 'succeeded', output: payload });
  });
});

describe('a failure', () => {
  const { request_id, status } = failed.body;

  test.each<[string, object, string]>([
    ['with a detail list', failed.body, 'images_data_url: Invalid archive (invalid_archive)'],
    ['without a payload', failedWithoutPayload.body, 'Invalid status code: 404'],
    ['of the previous system', { request_id, status: 'failed', error: 'out of memory' }, 'out of memory'],
    ['without a reason', { request_id, status }, 'The run failed; fal gave no reason.'],
    ['with only a payload error', { request_id, status, payload_error: 'too large' }, 'too large'],
  ])('%s has a message, and keeps its payload or body', (_what, body, message) => {
    const output = 'payload' in body && body.payload !== null ? body.payload : body;
    expect(eventIn(body)).toEqual({ kind: 'failed', requestId: ID, message, output });
  });

  test('has a message that can be stored: without NUL, and not megabytes long', () => {
    const withNul = eventIn({ request_id, status, error: 'bad\u0000archive' });
    expect(JSON.stringify(withNul.kind === 'failed' && withNul.message)).not.toContain('u0000');
    const long = eventIn({ request_id, status, error: 'x'.repeat(4_000_000) });
    expect(long.kind === 'failed' ? long.message.length : 0).toBeLessThan(100_000);
  });
});

test('the last of equal fields counts, as in JSON.parse', () => {
  const body = `{"request_id":"x","status":"ERROR","status":"OK","request_id":"${ID}","payload":{}}`;
  expect(eventIn(body)).toEqual({ kind: 'succeeded', requestId: ID, output: {} });
});

test('a payload does not reach a prototype', () => {
  const reading = read(`{"request_id":"${ID}","status":"OK","payload":{"__proto__":{"polluted":true}}}`);
  expect(reading).toHaveProperty('message');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

describe('a malformed body is refused:', () => {
  const OK = `{"request_id":"${ID}","status":"OK"}`;

  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['a text', 'OK'],
    ['cut JSON', `{"request_id":"${ID}","status":"OK","payload":{`],
    ['a NUL byte between fields', `{"request_id":"${ID}",\u0000"status":"OK"}`],
    ['a NUL byte in a text', `{"request_id":"${ID}","status":"OK","error":"\u0000"}`],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
    [
      'a text that is not UTF-8',
      Buffer.from(`{"request_id":"${ID}","status":"ERROR","error":"\xff"}`, 'latin1'),
    ],
    ['a cut UTF-8 character', Buffer.from('{"a":"ä"}').subarray(0, 7)],
    ['UTF-16', Buffer.from(OK, 'utf16le')],
    ['deep nesting', '['.repeat(200_000)],
    ['null', 'null'],
    ['a boolean', 'true'],
    ['a list', `[${OK}]`],
    ['an empty object', '{}'],
  ])('%s', (_what, body) => {
    const reading = readPayload(Buffer.from(body as string));
    expect(reading).toEqual({ malformed: expect.any(String) as string });
  });

  test.each<[string, unknown]>([
    ['request_id', undefined],
    ['request_id', null],
    ['request_id', 1],
    ['request_id', [ID]],
    ['request_id', ''],
    ['request_id', '../../other/requests/1'],
    ['request_id', `${ID}\u0000`],
    ['request_id', `${ID}\n`],
    ['request_id', 'a'.repeat(129)],
    ['status', undefined],
    ['status', null],
    ['status', 200],
    ['status', 'IN_PROGRESS'],
    ['status', 'x'.repeat(1_000_000)],
  ])('%s %j', (field, value) => {
    const reading = read({ ...succeeded.body, [field]: value });
    expect(reading).toEqual({ malformed: expect.any(String) as string });
    expect('malformed' in reading ? reading.malformed.length : 0).toBeLessThan(500);
  });

  test('but not a request_id of 128 characters', () => {
    expect(read({ ...succeeded.body, request_id: 'a'.repeat(128) })).toHaveProperty('message');
  });
});

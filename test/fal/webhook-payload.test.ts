import { describe, expect, test } from 'vitest';
import { readWebhookPayload } from '../../src/fal/webhook-payload.ts';

const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const OUTPUT = { diffusers_lora_file: { url: 'https://v3.fal.media/l' } };

function read(body: unknown) {
  return readWebhookPayload(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}

function eventIn(body: unknown) {
  const reading = read(body);
  if ('malformed' in reading) throw new Error(`malformed: ${reading.malformed}`);
  expect(reading.callback.requestId).toBe(ID);
  return reading.callback.event;
}

describe('a webhook that says OK', () => {
  test('with a payload brings the output', () => {
    const body = { request_id: ID, gateway_request_id: 'g-1', status: 'OK', payload: OUTPUT, error: null };
    expect(eventIn(body)).toEqual({ kind: 'succeeded', requestId: ID, output: OUTPUT });
    expect(read(body)).toMatchObject({ gatewayRequestId: 'g-1' });
  });

  test.each([
    ['no payload', {}],
    ['payload null', { payload: null }],
    ['payload null and payload_error', { payload: null, payload_error: 'not serialisable' }],
    ['a list for a payload', { payload: [OUTPUT] }],
    ['a text for a payload', { payload: 'https://v3.fal.media/l' }],
  ])('with %s is no failure: the result has to be fetched', (_what, rest) => {
    expect(eventIn({ request_id: ID, status: 'OK', ...rest })).toEqual({ kind: 'identified', requestId: ID });
  });
});

describe('a webhook that says ERROR', () => {
  test('with a detail list tells it, and keeps the payload', () => {
    const payload = {
      detail: [{ loc: ['body', 'images_data_url'], msg: 'Invalid archive', type: 'invalid_archive' }],
    };
    expect(eventIn({ request_id: ID, status: 'ERROR', error: 'Invalid status code: 422', payload })).toEqual({
      kind: 'failed',
      requestId: ID,
      message: 'images_data_url: Invalid archive (invalid_archive)',
      output: payload,
    });
  });

  test('without a payload tells its error, and keeps the whole of it', () => {
    const body = { request_id: ID, status: 'ERROR', error: 'Invalid status code: 404', payload: null };
    expect(eventIn(body)).toEqual({
      kind: 'failed',
      requestId: ID,
      message: 'Invalid status code: 404',
      output: body,
    });
  });

  test('without any reason says that there is none', () => {
    expect(eventIn({ request_id: ID, status: 'ERROR' })).toMatchObject({
      kind: 'failed',
      message: 'The run failed; fal gave no reason.',
    });
  });

  test('and cannot say why because its payload was lost, says that', () => {
    const body = { request_id: ID, status: 'ERROR', payload: null, payload_error: 'payload too large' };
    expect(eventIn(body)).toMatchObject({ message: expect.stringContaining('payload too large') as string });
  });
});

describe('the form of the previous system', () => {
  test('is read: completed with a result', () => {
    expect(eventIn({ request_id: ID, status: 'completed', result: OUTPUT })).toEqual({
      kind: 'succeeded',
      requestId: ID,
      output: OUTPUT,
    });
    expect(eventIn({ request_id: ID, status: 'completed' })).toEqual({ kind: 'identified', requestId: ID });
  });

  test('is read: failed with an error', () => {
    expect(eventIn({ request_id: ID, status: 'failed', error: 'out of memory' })).toMatchObject({
      kind: 'failed',
      message: 'out of memory',
    });
  });
});

test.each(['OK', 'ok', 'Ok', 'COMPLETED', 'Completed'])('the word %s is read in any case', (status) => {
  expect(eventIn({ request_id: ID, status, payload: OUTPUT }).kind).toBe('succeeded');
});

test('of a field that stands twice the last one counts, as everywhere in JSON', () => {
  const body = `{"request_id":"x","status":"ERROR","status":"OK","request_id":"${ID}","payload":{}}`;
  expect(eventIn(body)).toEqual({ kind: 'succeeded', requestId: ID, output: {} });
});

test('fields of odd types beside the needed ones are no reason to lose a result', () => {
  const body = { request_id: ID, gateway_request_id: 7, status: 'OK', payload: OUTPUT, error: {}, result: 1 };
  expect(read(body)).toMatchObject({ gatewayRequestId: null, callback: { event: { kind: 'succeeded' } } });
});

test('a prototype is not reached through a payload', () => {
  const reading = read(`{"request_id":"${ID}","status":"OK","payload":{"__proto__":{"polluted":true}}}`);
  expect(reading).toHaveProperty('callback');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

// Neither PostgreSQL nor a reader has a use for either, and a run whose end cannot be saved never ends.
describe('what is told of a failure', () => {
  test('can be stored: it holds no NUL', () => {
    const event = eventIn({ request_id: ID, status: 'ERROR', error: 'bad\u0000archive' });
    expect(event.kind === 'failed' && event.message.includes('\u0000')).toBe(false);
  });

  test('can be shown: it is not megabytes long', () => {
    const event = eventIn({ request_id: ID, status: 'ERROR', error: 'x'.repeat(4_000_000) });
    expect(event.kind === 'failed' ? event.message.length : 0).toBeLessThan(100_000);
  });
});

describe('what is no webhook of fal is named as such', () => {
  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['a text', 'OK'],
    ['cut JSON', `{"request_id":"${ID}","status":"OK","payload":{`],
    ['a NUL byte between', `{"request_id":"${ID}",\u0000"status":"OK"}`],
    ['a NUL byte in a text', `{"request_id":"${ID}","status":"OK","error":"\u0000"}`],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
    [
      'a text that is no UTF-8',
      Buffer.from(`{"request_id":"${ID}","status":"ERROR","error":"\xff"}`, 'latin1'),
    ],
    ['a cut UTF-8 letter', Buffer.from('{"a":"ä"}').subarray(0, 7)],
    ['UTF-16', Buffer.from(`{"request_id":"${ID}","status":"OK"}`, 'utf16le')],
    ['deep nesting', '['.repeat(200_000)],
  ])('%s', (_what, body) => {
    expect(readWebhookPayload(Buffer.from(body as string))).toEqual({
      malformed: expect.any(String) as string,
    });
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['true', true],
    ['a list', [{ request_id: ID, status: 'OK' }]],
    ['an empty object', {}],
    ['no request_id', { status: 'OK', payload: OUTPUT }],
    ['a null request_id', { request_id: null, status: 'OK' }],
    ['a number for a request_id', { request_id: 1, status: 'OK' }],
    ['a list for a request_id', { request_id: [ID], status: 'OK' }],
    ['an empty request_id', { request_id: '', status: 'OK' }],
    ['a path for a request_id', { request_id: '../../other/requests/1', status: 'OK' }],
    ['a request_id with a NUL', { request_id: `${ID}\u0000`, status: 'OK' }],
    ['a request_id with a line feed', { request_id: `${ID}\n`, status: 'OK' }],
    ['no status', { request_id: ID }],
    ['a null status', { request_id: ID, status: null }],
    ['a number for a status', { request_id: ID, status: 200 }],
    ['a status of the queue', { request_id: ID, status: 'IN_PROGRESS' }],
    ['an unknown status', { request_id: ID, status: 'x'.repeat(1_000_000) }],
  ])('%s', (_what, body) => {
    const reading = read(body);
    expect(reading).toEqual({ malformed: expect.any(String) as string });
    expect('malformed' in reading ? reading.malformed.length : 0).toBeLessThan(500);
  });

  test('a request_id of 129 characters; 128 are one', () => {
    expect(read({ request_id: 'a'.repeat(128), status: 'OK' })).toHaveProperty('callback');
    expect(read({ request_id: 'a'.repeat(129), status: 'OK' })).toHaveProperty('malformed');
  });
});

test('a payload of several megabytes is read', () => {
  const payload = {
    notes: Array.from({ length: 50_000 }, (_, i) => ({ step: i, text: 'training goes on '.repeat(4) })),
  };
  expect(eventIn({ request_id: ID, status: 'OK', payload })).toMatchObject({
    kind: 'succeeded',
    output: payload,
  });
});

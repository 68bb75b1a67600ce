import { describe, expect, test } from 'vitest';
import queue from '../fixtures/fal/queue.json' with { type: 'json' };
import {
  errorText,
  requestIdSchema,
  statusResponseSchema,
  storedBody,
  submitResponseSchema,
} from '../../src/fal/schemas.ts';

/** A body whose `detail` is one fault. */
const fault = (detail: object) => ({ detail: [detail] });

describe('the error text', () => {
  test.each<[string, unknown]>([
    ['images_data_url: The archive could not be read. (invalid_archive)', queue.resultOfFailed.body],
    [
      'steps: too many (less_than_equal); loras.0.path: not found (file_download_error)',
      {
        detail: [
          { loc: ['body', 'steps'], msg: 'too many', type: 'less_than_equal', ctx: { le: 10_000 } },
          { loc: ['body', 'loras', 0, 'path'], msg: 'not found', type: 'file_download_error' },
        ],
      },
    ],
    ['blocked (x)', fault({ loc: ['body'], msg: 'blocked', type: 'x' })],
    ['broken (y)', fault({ msg: 'broken', type: 'y' })],
    ['a: broken', fault({ loc: ['body', 'a'], msg: 'broken' })],
    ['file_too_large: 5 GB', fault({ msg: 'file_too_large: 5 GB', type: 'file_too_large' })],
    ['broken', { detail: [{ msg: 'broken' }, { type: 'x' }, null] }],
    ['Request is still in progress', queue.resultTooEarly.body],
    ['Runner disconnected', queue.runnerLost.body],
    [queue.locked.body.detail, queue.locked.body],
    ['Invalid status code: 422', queue.failed.body],
    ['Unauthorized', { message: 'Unauthorized' }],
    ['no such key', { error: { type: 'authorization_error', message: 'no such key', request_id: 'r' } }],
    ['this', { detail: '', error: 'this', message: 'that' }],
  ])('is %j', (text, body) => {
    expect(errorText(body)).toBe(text);
  });

  test.each<[unknown]>([
    [undefined],
    [null],
    ['error'],
    [[{ detail: 'x' }]],
    [{}],
    [{ detail: [] }],
    [{ detail: null }],
    [{ detail: 7, error: 8, message: 9 }],
    [queue.notFound.body],
  ])('of %j is null', (body) => {
    expect(errorText(body)).toBeNull();
  });
});

describe('a request id', () => {
  test.each(['764cabcf-b745-4b3e-ae38-1200304cf45b', 'a', 'A_b-9', 'x'.repeat(128)])('may be %s', (id) => {
    expect(requestIdSchema.safeParse(id).success).toBe(true);
  });

  const WRONG = [
    '',
    '..',
    '../..',
    '-a',
    '_a',
    'a/b',
    'a\\b',
    'a?b',
    'a#b',
    'a%2e',
    'a.b',
    'a b',
    'a\n',
    'ä',
  ];

  test.each([...WRONG, 'x'.repeat(129), 7, null, undefined])('may not be %j', (id) => {
    expect(requestIdSchema.safeParse(id).success).toBe(false);
  });
});

test('unexpected fields do not lose the request id of a submit', () => {
  const answer = { request_id: 'r', status_url: 7, response_url: null, cancel_url: {}, queue_position: -1 };
  expect(submitResponseSchema.parse(answer)).toEqual({
    request_id: 'r',
    status_url: null,
    response_url: null,
    cancel_url: null,
    queue_position: null,
  });
});

test('unexpected fields and log lines do not lose a status', () => {
  const answer = { status: 'IN_PROGRESS', logs: [null, 7, { message: 'step 1/2' }, {}], queue_position: 'x' };
  expect(statusResponseSchema.parse(answer)).toMatchObject({
    status: 'IN_PROGRESS',
    logs: [null, null, { message: 'step 1/2' }, null],
    queue_position: null,
  });
  expect(statusResponseSchema.safeParse({ status: 'FAILED' }).success).toBe(false);
});

test('a JSON body is stored whole, a text up to 10,000 characters', () => {
  expect(storedBody({ json: { a: [1] } })).toEqual({ a: [1] });
  expect(storedBody({ text: '<html>' })).toBe('<html>');
  expect(storedBody({ text: 'x'.repeat(10_001) })).toHaveLength(10_000);
});

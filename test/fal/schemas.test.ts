import { describe, expect, test } from 'vitest';
import {
  errorText,
  requestIdSchema,
  statusAnswerSchema,
  storedBody,
  submitAnswerSchema,
} from '../../src/fal/schemas.ts';

describe("fal's own words", () => {
  test.each<[string, unknown, string]>([
    [
      "a model's error",
      {
        detail: [
          {
            loc: ['body', 'images_data_url'],
            msg: 'The archive could not be read.',
            type: 'invalid_archive',
            url: 'https://docs.fal.ai/errors/#invalid_archive',
            ctx: { supported_extensions: ['.zip', '.tar.gz'] },
            input: 'https://photos.example/a.zip',
          },
        ],
      },
      'images_data_url: The archive could not be read. (invalid_archive)',
    ],
    [
      'several at once',
      {
        detail: [
          { loc: ['body', 'steps'], msg: 'too many', type: 'less_than_equal', ctx: { le: 10_000 } },
          { loc: ['body', 'loras', 0, 'path'], msg: 'not found', type: 'file_download_error' },
        ],
      },
      'steps: too many (less_than_equal); loras.0.path: not found (file_download_error)',
    ],
    [
      'the old form',
      { detail: [{ loc: ['body', 'prompt'], msg: 'field required', type: 'value_error.missing' }] },
      'prompt: field required (value_error.missing)',
    ],
    ['one about the whole body', { detail: [{ loc: ['body'], msg: 'blocked', type: 'x' }] }, 'blocked (x)'],
    ['one without a place', { detail: [{ msg: 'broken', type: 'y' }] }, 'broken (y)'],
    ['one without a type', { detail: [{ loc: ['body', 'a'], msg: 'broken' }] }, 'a: broken'],
    [
      'one that repeats its type',
      { detail: [{ msg: 'file_too_large: 5 GB', type: 'file_too_large' }] },
      'file_too_large: 5 GB',
    ],
    ['a plain detail', { detail: 'Request is still in progress' }, 'Request is still in progress'],
    [
      'a request error',
      { detail: 'Runner disconnected', error_type: 'runner_disconnected' },
      'Runner disconnected',
    ],
    [
      'an account error',
      { detail: 'User is locked. Reason: Exhausted balance.' },
      'User is locked. Reason: Exhausted balance.',
    ],
    [
      'a failed status',
      { status: 'COMPLETED', error: 'timed out', error_type: 'request_timeout' },
      'timed out',
    ],
    ['a message', { message: 'Unauthorized' }, 'Unauthorized'],
    [
      "the platform's form",
      { error: { type: 'authorization_error', message: 'no such key', request_id: 'r' } },
      'no such key',
    ],
    ['the first that has words', { detail: '', error: 'this', message: 'that' }, 'this'],
  ])('are found in %s', (_what, body, words) => {
    expect(errorText(body)).toBe(words);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'error'],
    ['a list', [{ detail: 'x' }]],
    ['an empty object', {}],
    ['an empty detail', { detail: [] }],
    ['a null detail', { detail: null }],
    ['a number', { detail: 7, error: 8, message: 9 }],
    ['a status', { status: 'NOT_FOUND' }],
  ])('are not made up from %s', (_what, body) => {
    expect(errorText(body)).toBeNull();
  });

  test('are found though one entry of several is odd', () => {
    expect(errorText({ detail: [{ msg: 'broken' }, { type: 'x' }, null] }) ?? '').toContain('broken');
  });
});

describe('a request id', () => {
  test.each(['764cabcf-b745-4b3e-ae38-1200304cf45b', 'a', 'A_b-9', 'x'.repeat(128)])('is %s', (id) => {
    expect(requestIdSchema.safeParse(id).success).toBe(true);
  });

  test.each([
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
    'x'.repeat(129),
    7,
    null,
    undefined,
  ])('is not %j', (id) => {
    expect(requestIdSchema.safeParse(id).success).toBe(false);
  });
});

test('odd fields beside the id do not lose an accepted run', () => {
  const answer = { request_id: 'r', status_url: 7, response_url: null, cancel_url: {}, queue_position: -1 };
  expect(submitAnswerSchema.parse(answer)).toEqual({
    request_id: 'r',
    status_url: null,
    response_url: null,
    cancel_url: null,
    queue_position: null,
  });
});

test('odd fields and lines beside it do not lose a status', () => {
  const answer = { status: 'IN_PROGRESS', logs: [null, 7, { message: 'step 1/2' }, {}], queue_position: 'x' };
  expect(statusAnswerSchema.parse(answer)).toMatchObject({
    status: 'IN_PROGRESS',
    logs: [null, null, { message: 'step 1/2' }, null],
    queue_position: null,
  });
  expect(statusAnswerSchema.safeParse({ status: 'FAILED' }).success).toBe(false);
});

test('a body is stored as it came, a page of text only in its beginning', () => {
  expect(storedBody({ json: { a: [1] } })).toEqual({ a: [1] });
  expect(storedBody({ text: '<html>' })).toBe('<html>');
  expect(storedBody({ text: 'x'.repeat(10_001) })).toHaveLength(10_000);
});

import { describe, expect, test } from 'vitest';
import { EventEmitter } from 'node:events';
import { createLog } from '../../src/log/create-log.ts';
import { LOG_LEVELS, type LogLevel } from '../../src/log/log.ts';

/** A log whose lines the test reads as text and as objects. */
function logOf({ level = 'info', secrets = [] }: { level?: LogLevel; secrets?: readonly string[] } = {}) {
  const lines: string[] = [];
  const log = createLog(level, secrets, { write: (line: string) => void lines.push(line) });
  return { log, text: () => lines.join(''), lines: () => lines.map((line) => JSON.parse(line) as object) };
}

test('a line is a JSON object with level, time and message', () => {
  const { log, text, lines } = logOf();
  log.info({ jobId: 'job_1', note: 'two\nlines' }, 'recorded');
  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      jobId: 'job_1',
      note: 'two\nlines',
      msg: 'recorded',
    },
  ]);
  expect(text().split('\n')).toHaveLength(2);
});

test('a level logs itself and more severe ones', () => {
  const ranks = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
  for (const level of LOG_LEVELS) {
    const { log, lines } = logOf({ level });
    for (const rank of ranks) log[rank]({}, rank);
    const through = level === 'silent' ? [] : ranks.slice(0, ranks.indexOf(level) + 1);
    expect(lines()).toMatchObject(through.map((rank) => ({ level: rank, msg: rank })));
  }
});

test('an error is logged with its stack and its cause', () => {
  const { log, text } = logOf();
  log.error({ err: new Error('outer', { cause: new TypeError('inner') }) }, 'failed');
  expect(text()).toContain('outer');
  expect(text()).toContain('inner');
  expect(text()).toContain('log.test.ts');
});

test('every text of an error and of its causes is cut to 8,000 characters', () => {
  const { log, text } = logOf();
  const long = 'x'.repeat(9000);
  log.error({ err: new Error(long, { cause: Object.assign(new Error(long), { detail: long }) }) }, 'failed');
  const lengths = (text().match(/x{1000,}/g) ?? []).map(({ length }) => length);
  expect(lengths.length).toBeGreaterThanOrEqual(3);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(8000);
});

test('the fields of an error are logged as they are, and objects of a class as their text', () => {
  const { log, lines } = logOf();
  const fields = {
    at: new Date(0),
    list: ['a', { b: 1 }],
    url: new URL('https://fal.example/x'),
    meta: { inner: Object.assign(new Error('inside'), { code: '23505' }) },
    client: new EventEmitter(),
  };
  log.error({ err: Object.assign(new Error('x'), fields) }, 'failed');
  expect(lines()).toMatchObject([
    {
      err: {
        type: 'Error',
        message: 'x',
        at: '1970-01-01T00:00:00.000Z',
        list: ['a', { b: 1 }],
        url: 'https://fal.example/x',
        meta: { inner: { message: 'inside', code: '23505' } },
        client: '[object Object]',
      },
    },
  ]);
});

test('an error whose fields lead back to it is logged to a depth', () => {
  const { log, text } = logOf();
  const circle: Record<string, unknown> = { name: 'round' };
  circle['self'] = circle;
  const error = Object.assign(new Error('x'), { circle, others: [circle] });
  log.error({ err: Object.assign(error, { meta: { error } }) }, 'failed');
  expect(text()).toContain('round');
  expect(text().length).toBeLessThan(20_000);
});

describe('a secret is redacted', () => {
  const SECRET = 'key-id:key-secret/with+signs=';
  const HARD = 'a"quote\\and\tmore\u0001';

  test.each<[string, (log: ReturnType<typeof logOf>['log'], secret: string) => void]>([
    ['in a message', (log, secret) => log.info({}, `Authorization: Key ${secret}`)],
    ['in a field', (log, secret) => log.info({ note: secret }, 'x')],
    ['deep in fields', (log, secret) => log.info({ a: [{ b: { c: `x${secret}y` } }] }, 'x')],
    ['in the name of a field', (log, secret) => log.info({ [secret]: 1 }, 'x')],
    ['in an error', (log, secret) => log.error({ err: new Error(`bad ${secret}`) }, 'x')],
    [
      'in what caused an error',
      (log, secret) => log.error({ err: new Error('x', { cause: new Error(secret) }) }, 'x'),
    ],
    [
      'in a field of an error',
      (log, secret) => log.error({ err: Object.assign(new Error('x'), { url: secret }) }, 'x'),
    ],
    ['in a child log', (log, secret) => log.child({ with: secret }).info('x')],
    ['twice in one line', (log, secret) => log.info({ a: secret }, secret)],
  ])('%s', (_where, write) => {
    for (const secret of [SECRET, HARD]) {
      const { log, text, lines } = logOf({ secrets: ['another secret', secret] });
      write(log, secret);
      expect(text()).not.toContain(secret);
      expect(text()).not.toContain(JSON.stringify(secret).slice(1, -1));
      expect(text()).toContain('[redacted]');
      expect(lines()).toHaveLength(1);
    }
  });

  test('whole, when it contains another secret', () => {
    const { log, text } = logOf({ secrets: ['12345678', '12345678-and-more'] });
    log.info({ note: '12345678-and-more' }, 'x');
    expect(text()).not.toContain('and-more');
  });

  test('but an empty one redacts nothing', () => {
    const { log, lines } = logOf({ secrets: [''] });
    log.info({ a: 1 }, 'x');
    expect(lines()).toMatchObject([{ a: 1, msg: 'x' }]);
  });
});

test('fields with names of secrets are never logged', () => {
  const { log, text } = logOf();
  log.info(
    { request: { authorization: 'Bearer aaa', Authorization: 'Key bbb', token: 'ccc', key: 'ddd' } },
    'x',
  );
  log.info({ authorization: 'Bearer eee', token: 'fff', key: 'ggg' }, 'x');
  for (const value of ['aaa', 'bbb', 'ccc', 'ddd', 'eee', 'fff', 'ggg']) expect(text()).not.toContain(value);
});

import { describe, expect, test } from 'vitest';
import { MAX_URL_LENGTH, parseWebUrl } from '../../src/values/web-url.ts';

describe('a web address', () => {
  test.each([
    'https://v3.fal.media/files/a.zip',
    'http://127.0.0.1:4100/files/a.zip?x=1#y',
    'https://bücher.example/ä',
    'https://x',
  ])('is %s', (text) => {
    expect(parseWebUrl(text)?.href).toBe(new URL(text).href);
  });

  test('with non-ASCII characters stays valid in a hot loop', () => {
    const answers = Array.from({ length: 20_000 }, () => parseWebUrl('https://bücher.example/ä') !== null);
    expect(answers).not.toContain(false);
  });

  test.each([
    '',
    'x',
    '/a.zip',
    '//host/a.zip',
    'https://',
    'ftp://host/a.zip',
    'file:///etc/passwd',
    'data:text/html,x',
    'blob:https://host/1',
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'java\nscript:alert(1)',
    '\u0001javascript:alert(1)',
    'https://user@host/',
    'https://user:password@host/',
    'https://:password@host/',
  ])('is not %j', (text) => {
    expect(parseWebUrl(text)).toBeNull();
  });

  test(`has up to ${MAX_URL_LENGTH} characters`, () => {
    const start = 'https://host/';
    expect(parseWebUrl(start.padEnd(MAX_URL_LENGTH, 'a'))).not.toBeNull();
    expect(parseWebUrl(start.padEnd(MAX_URL_LENGTH + 1, 'a'))).toBeNull();
  });

  // The URL parser drops or encodes these, but the text itself is stored and sent on; PostgreSQL stores neither NUL nor
  // a lone surrogate.
  test.each(['https://host/a\u0000b', 'https://host/\ud800', 'https://host/a\nb'])(
    'is not %j, which other parsers read differently',
    (text) => {
      expect(parseWebUrl(text)).toBeNull();
    },
  );
});

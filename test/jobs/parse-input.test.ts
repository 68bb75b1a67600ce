import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  MAX_SEED,
  numberBetween,
  problemWith,
  parseInput,
  text,
  webUrl,
  wholeNumber,
} from '../../src/jobs/parse-input.ts';
import { MAX_URL_LENGTH } from '../../src/values/web-url.ts';

const schema = z.object({
  name: text(5),
  url: webUrl().optional(),
  steps: wholeNumber(1, 10).optional(),
  seed: wholeNumber(0, MAX_SEED).optional(),
  strength: numberBetween(0, 2).optional(),
});

function messageFor(input: Record<string, unknown>): string | null {
  const read = parseInput(schema, input);
  return 'refused' in read ? read.refused.message : null;
}

describe('a valid input', () => {
  test('is parsed, its texts trimmed', () => {
    expect(parseInput(schema, { name: ' Ada\n', steps: 1 })).toEqual({ done: { name: 'Ada', steps: 1 } });
  });

  test('may have null for absent fields', () => {
    expect(parseInput(schema, { name: 'Ada', url: null, steps: null })).toEqual({ done: { name: 'Ada' } });
  });

  test.each(['abcde', '😀😀😀😀😀', '日本語です', 'a\nb', 'a\tb', '👩🏽', '𠮷', 'a'])(
    'may have a text of up to 5 characters: %j',
    (name) => {
      expect(messageFor({ name })).toBeNull();
    },
  );

  test.each([
    ['steps', 1],
    ['steps', 10],
    ['seed', 0],
    ['seed', MAX_SEED],
    ['strength', 0],
    ['strength', 2],
    ['strength', 0.001],
  ])('may have %s %d', (field, value) => {
    expect(messageFor({ name: 'a', [field]: value })).toBeNull();
  });
});

describe('an invalid input', () => {
  test('is refused with the field, the value and the expectation', () => {
    expect(parseInput(schema, { name: 'abcdef' })).toEqual({
      refused: {
        code: 'INVALID_INPUT',
        message: 'name: expected a text of 1 to 5 characters, got "abcdef".',
      },
    });
  });

  test('is shown without the credentials of a URL', () => {
    for (const url of [
      'https://ada:secret@host/a',
      'HTTP://secret@host',
      `https://${'secret'.repeat(100)}@host`,
    ]) {
      const message = messageFor({ name: 'a', url });
      expect(message).toContain('…@host');
      expect(message).not.toContain('secret');
    }
  });

  test('is refused with one sentence per field', () => {
    expect(messageFor({ name: '', url: 'ftp://x', steps: 0, seed: -1, strength: 2.1 })).toBe(
      [
        'name: expected a text of 1 to 5 characters, got "".',
        `url: expected an absolute http(s) URL of at most ${MAX_URL_LENGTH} characters, without credentials, got "ftp://x".`,
        'steps: expected a whole number from 1 to 10, got 0.',
        `seed: expected a whole number from 0 to ${MAX_SEED}, got -1.`,
        'strength: expected a number from 0 to 2, got 2.1.',
      ].join(' '),
    );
  });

  test.each([' ', '\n\t '])('has a text of white space: %j', (name) => {
    expect(messageFor({ name })).toBe(
      `name: expected a text of 1 to 5 characters besides white space, got ${JSON.stringify(name)}.`,
    );
  });

  test.each(['', 'abcdef', '😀😀😀😀😀😀', 'a'.repeat(1_000_000)])(
    'has a text of other than 1 to 5 characters: %j',
    (name) => {
      expect(messageFor({ name })).toMatch(/^name: expected a text of 1 to 5 characters, got /);
    },
  );

  test.each([
    ['steps', 0],
    ['steps', 11],
    ['steps', 1.5],
    ['steps', 2 ** 53],
    ['seed', MAX_SEED + 1],
    ['strength', -0.001],
    ['strength', 2.001],
  ])('has %s %d', (field, value) => {
    expect(messageFor({ name: 'a', [field]: value })).toMatch(
      new RegExp(`^${field}: expected a .*number from`),
    );
  });

  // Unicode's category Cc: C0, DEL and C1, of which U+009B begins a terminal command.
  const CONTROLS = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).filter((character) =>
    /\p{Cc}/u.test(character),
  );
  const ALLOWED = ['\t', '\n', '\r'];

  test('has a control character other than line breaks and tabs', () => {
    const accepted = CONTROLS.filter((character) => messageFor({ name: `a${character}b` }) === null);
    expect(accepted.map(codeOf)).toEqual(ALLOWED.map(codeOf));
    expect(messageFor({ name: 'a\u0000b' })).toBe(
      'name: expected a text of 1 to 5 characters without control characters, got "a\\u0000b".',
    );
  });

  test('has a lone surrogate', () => {
    expect(messageFor({ name: 'a\ud800b' })).toContain('without control characters, got "a\\ud800b"');
  });
});

function codeOf(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

describe('a value in a message', () => {
  test('is cut after 60 characters, and has its length', () => {
    const shown = '"'.padEnd(60, 'x');
    expect(problemWith('f', 'x'.repeat(58), 'y')).toBe(`f: expected y, got "${'x'.repeat(58)}".`);
    expect(problemWith('f', 'x'.repeat(59), 'y')).toBe(`f: expected y, got ${shown}… (59 characters).`);
    expect(problemWith('f', 'x'.repeat(9000), 'y')).toBe(`f: expected y, got ${shown}… (9000 characters).`);
  });

  test('is cut between characters, and an emoji is one character', () => {
    const message = problemWith('f', '😀'.repeat(100), 'y');
    expect(message.isWellFormed()).toBe(true);
    expect(message).toContain('(100 characters)');
  });

  test('is printed as JSON, without terminal sequences', () => {
    expect(problemWith('f', '\u001b[2J', 'y')).toBe('f: expected y, got "\\u001b[2J".');
    expect(problemWith('f', undefined, 'y')).toBe('f: expected y, got nothing.');
    expect(problemWith('f', [1, { a: null }], 'y')).toBe('f: expected y, got [1,{"a":null}].');
  });
});

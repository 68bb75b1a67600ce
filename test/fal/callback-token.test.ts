import { describe, expect, test } from 'vitest';
import { CallbackTokens } from '../../src/fal/callback-token.ts';

describe('a callback token', () => {
  const tokens = new CallbackTokens('a secret');

  test('is 32 hex digits and unique', () => {
    const made = Array.from({ length: 1000 }, () => tokens.create());
    for (const token of made) expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(made).size).toBe(made.length);
    expect(new Set(made.map((token) => token.slice(16))).size).toBe(made.length);
  });

  test('is valid in every instance with the same secret', () => {
    expect(new CallbackTokens('a secret').isOurs(tokens.create())).toBe(true);
    expect(new CallbackTokens('another secret').isOurs(tokens.create())).toBe(false);
  });

  test('cannot be guessed or changed', () => {
    const token = tokens.create();
    const changed = Array.from(token, (digit, at) => {
      const other = digit === '0' ? '1' : '0';
      return `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
    });
    for (const other of [...changed, '', 'x', token.slice(2), `${token}00`, '0'.repeat(32), 'z'.repeat(32)])
      expect([other, tokens.isOurs(other)]).toEqual([other, false]);
  });
});

import { describe, expect, test } from 'vitest';
import { ensureTrigger } from '../../src/catalog/trigger.ts';
import { randomFor } from '../support/prng.ts';

describe('the trigger', () => {
  test.each([
    'TOK on a hill',
    'a portrait of TOK',
    'TOK',
    'a (TOK) in brackets',
    'TOK, smiling',
    "TOK's hat",
    'a TOK-like face',
    '“TOK”',
    'TOKYO with TOK',
    'a\nTOK\tb',
    'photo of TOK。',
    '🙂TOK🙂',
    '❤\ufe0fTOK',
  ])('stays where it is: %j', (prompt) => {
    expect(ensureTrigger(prompt, 'TOK')).toBe(prompt);
  });

  test.each([
    'TOKYO at night',
    'a STOK',
    'tok on a hill',
    'Tok',
    'TOK_1',
    '_TOK',
    'TOK1',
    '1TOK',
    'éTOK',
    'TOKé',
    '東TOK',
    'TOK京',
    'T OK',
    '',
  ])('is prepended to a prompt without the word: %j', (prompt) => {
    expect(ensureTrigger(prompt, 'TOK')).toBe(`TOK, ${prompt}`);
  });

  // 𠮷 and 𝐀 have two UTF-16 units; U+0301 combines with the K.
  test.each(['𠮷TOK', 'TOK𠮷', '𝐀TOK', 'TOK\u0301'])(
    'respects letters beyond 16 bits and combining marks: %j',
    (prompt) => {
      expect(ensureTrigger(prompt, 'TOK')).toBe(`TOK, ${prompt}`);
    },
  );

  test.each(['a.c', 'a*', '(x', '[a-z]', '$&', '\\d', 'ohwx man', '日本', '🙂'])(
    'is matched literally: %j',
    (trigger) => {
      expect(ensureTrigger('abc on a hill', trigger)).toBe(`${trigger}, abc on a hill`);
      expect(ensureTrigger(`photo of ${trigger} on a hill`, trigger)).toBe(`photo of ${trigger} on a hill`);
    },
  );

  test('is a word of every result, is added at most once, and a second call changes nothing', () => {
    const { between, pick } = randomFor(20_260_101);
    const parts = ['TOK', 'TOKYO', 'tok', ' ', ',', 'é', '東', '🙂', '_', '1', '\n', "'", 'a'];
    for (let round = 0; round < 3000; round++) {
      const prompt = Array.from({ length: between(0, 8) }, () => pick(parts)).join('');
      const placed = ensureTrigger(prompt, 'TOK');
      expect(wordsIn(placed), prompt).toBeGreaterThan(0);
      expect(wordsIn(placed) - wordsIn(prompt), prompt).toBe(wordsIn(prompt) === 0 ? 1 : 0);
      expect(placed.endsWith(prompt), prompt).toBe(true);
      expect(ensureTrigger(placed, 'TOK')).toBe(placed);
    }
  });
});

function wordsIn(text: string): number {
  return [...text.matchAll(/(?<![\p{L}\p{N}_])TOK(?![\p{L}\p{N}_])/gu)].length;
}

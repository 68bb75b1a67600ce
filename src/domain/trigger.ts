/**
 * Puts the trigger phrase into the prompt, once: no generation endpoint adds it by itself, and a LoRA or finetune
 * answers to its literal text only. A prompt that already has it as a word of its own is left as it is, wherever it
 * stands ("TOK" is not in "TOKYO").
 */
export function placeTrigger(prompt: string, trigger: string): string {
  return containsWord(prompt, trigger) ? prompt : `${trigger}, ${prompt}`;
}

function containsWord(text: string, word: string): boolean {
  const literal = word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`(?<!${WORD_CHARACTER})${literal}(?!${WORD_CHARACTER})`, 'u').test(text);
}

/** A letter, a digit, or a mark that makes the letter before it another one. */
const WORD_CHARACTER = '[\\p{L}\\p{N}\\p{M}_]';

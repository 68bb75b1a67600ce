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
  // A mark belongs to the character before it, and after the word it makes its last letter another one.
  return new RegExp(`(?<![\\p{L}\\p{N}_]\\p{M}*)${literal}(?![\\p{L}\\p{N}\\p{M}_])`, 'u').test(text);
}

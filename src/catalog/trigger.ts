/**
 * Puts the trigger phrase into the prompt, once: no generation endpoint adds it by itself, and a LoRA or finetune
 * answers to its literal text only. A prompt that already has it as a word of its own is left as it is, wherever it
 * stands ("TOK" is not in "TOKYO").
 */
export function ensureTrigger(prompt: string, trigger: string): string {
  return containsWord(prompt, trigger) ? prompt : `${trigger}, ${prompt}`;
}

/** Time grows with the length of the text: each character is looked at once from the left and once from the right. */
function containsWord(text: string, word: string): boolean {
  const characters = Array.from(text);
  const sought = Array.from(word);
  /** Whether the character before a place, marks left out, belongs to a word. */
  let isInWord = false;
  for (const [at, character] of characters.entries()) {
    if (!isInWord && startsWith(characters, at, sought)) {
      const next = characters[at + sought.length];
      if (next === undefined || !(WORD.test(next) || MARK.test(next))) return true;
    }
    // A mark belongs to the character before it.
    if (!MARK.test(character)) isInWord = WORD.test(character);
  }
  return false;
}

const WORD = /^[\p{L}\p{N}_]$/u;
const MARK = /^\p{M}$/u;

function startsWith(characters: readonly string[], at: number, sought: readonly string[]): boolean {
  return sought.every((character, index) => characters[at + index] === character);
}

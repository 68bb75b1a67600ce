/**
 * Adds the trigger phrase to a prompt that does not contain it as a word ("TOK" is not a word of "TOKYO"). An artifact
 * reacts to its literal trigger only, and no generation endpoint adds it.
 */
export function ensureTrigger(prompt: string, trigger: string): string {
  return containsWord(prompt, trigger) ? prompt : `${trigger}, ${prompt}`;
}

/** Not a regular expression, so that its time is linear in the length of any text. */
function containsWord(text: string, word: string): boolean {
  const characters = Array.from(text);
  const sought = Array.from(word);
  /** Whether the last character that is not a mark belongs to a word. */
  let isInWord = false;
  for (const [at, character] of characters.entries()) {
    if (!isInWord && startsWith(characters, at, sought)) {
      const next = characters[at + sought.length];
      if (next === undefined || !(WORD.test(next) || MARK.test(next))) return true;
    }
    if (!MARK.test(character)) isInWord = WORD.test(character);
  }
  return false;
}

const WORD = /^[\p{L}\p{N}_]$/u;
const MARK = /^\p{M}$/u;

function startsWith(characters: readonly string[], at: number, sought: readonly string[]): boolean {
  return sought.every((character, index) => characters[at + index] === character);
}

/**
 * Puts the trigger phrase into the prompt, once: no generation endpoint adds it by itself, and a LoRA or finetune
 * answers to its literal text only. A prompt that already has it as a word of its own is left as it is, wherever it
 * stands ("TOK" is not in "TOKYO").
 */
export function placeTrigger(prompt: string, trigger: string): string {
  return containsWord(prompt, trigger) ? prompt : `${trigger}, ${prompt}`;
}

function containsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const before = text.slice(0, at).at(-1) ?? '';
    const after = text.slice(at + word.length).at(0) ?? '';
    if (!WORD_CHARACTER.test(before) && !WORD_CHARACTER.test(after)) return true;
  }
  return false;
}

const WORD_CHARACTER = /[\p{L}\p{N}_]/u;

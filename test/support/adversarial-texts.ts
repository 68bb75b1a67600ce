/** Shapes of text that regular expressions, cutters and escapers are slow on, or that no reader expects. */
const PIECES: Readonly<Record<string, string>> = {
  'hints of GraphQL': ' Did you mean ',
  questions: '?',
  letters: 'a',
  spaces: ' ',
  'line breaks': '\n',
  'carriage returns': '\r',
  'tabs and letters': '\ta',
  quotes: '"',
  backslashes: '\\',
  NULs: '\0',
  marks: '\u0301',
  'letters with marks': 'a\u0301',
  emoji: '😀',
  'halves of emoji': '\ud83d',
  'byte order marks': '\ufeff',
  commas: ',',
  semicolons: 'a;q=',
  dots: 'a.',
  slashes: '/',
  escapes: '%2e',
  'bars of progress': '%|',
  steps: 'step 1 of ',
  digits: '9',
  'numbers and spaces': '1 ',
  braces: '{a',
  brackets: '[',
  tags: '<script>',
  bearers: 'Bearer ',
  addresses: 'http://a@',
};

/** Each of them, repeated up to a length. */
export function worstTexts(length: number): [what: string, text: string][] {
  return Object.entries(PIECES).map(([what, piece]) => [
    what,
    piece.repeat(Math.ceil(length / piece.length)).slice(0, length),
  ]);
}

import fixture from '../fixtures/odd-json.json' with { type: 'json' };

/** Valid, invalid or implementation-defined JSON: a text, or bytes that are no text. */
export type Piece = string | Uint8Array;

const small: Readonly<Record<string, readonly (string | { readonly hex: string })[]>> = fixture;

const LARGE: Readonly<Record<string, readonly string[]>> = {
  'numbers beyond all bounds': [`[${'9'.repeat(5000)}]`, `[0.${'4'.repeat(5000)}e${'0'.repeat(500)}6]`],
  'objects that are good': [`{"x":"${'x'.repeat(40_000)}"}`],
  'names given twice': [`{${'"a":0,'.repeat(5000)}"a":1}`],
  'nesting 500 deep': nestings(500),
  'nesting 40,000 deep': ['['.repeat(40_000) + ']'.repeat(40_000), nested('{"":', '}', 15_000)],
  'nesting 100,000 deep': [...nestings(100_000), nested('[{"a":', '}]', 50_000)],
  'nesting that never closes': [
    ...['['.repeat(100_000), '{"a":'.repeat(100_000), '[{"":'.repeat(50_000), '['.repeat(40_000)],
    ...['{"a":['.repeat(9000), '"'.repeat(40_000), '\\'.repeat(40_000)],
  ],
};

/** By kind. Every piece can be a body, or stand where a value is expected. */
export const ODD_JSON: Readonly<Record<string, readonly Piece[]>> = Object.fromEntries(
  [...new Set([...Object.keys(small), ...Object.keys(LARGE)])].map((kind) => [
    kind,
    [...(small[kind] ?? []).map(pieceOf), ...(LARGE[kind] ?? [])],
  ]),
);

function pieceOf(entry: string | { readonly hex: string }): Piece {
  return typeof entry === 'string' ? entry : Buffer.from(entry.hex, 'hex');
}

function nested(open: string, close: string, levels: number): string {
  return `${open.repeat(levels)}1${close.repeat(levels)}`;
}

function nestings(levels: number): string[] {
  return ['['.repeat(levels) + ']'.repeat(levels), nested('{"a":', '}', levels)];
}

/** Every truncation of a text, or one in `step`. */
export function beginningsOf(text: string, step = 1): string[] {
  return Array.from({ length: Math.ceil(text.length / step) }, (_, index) => text.slice(0, index * step));
}

/** A text with the piece in the place of `PIECE`. */
export function put(piece: Piece, text: string): Uint8Array<ArrayBuffer> {
  const [before = '', after = ''] = text.split('PIECE');
  return Buffer.concat([Buffer.from(before), Buffer.from(piece), Buffer.from(after)]);
}

/** The beginning of a piece, for messages. */
export function shownPiece(piece: Piece): string {
  return typeof piece === 'string'
    ? JSON.stringify(piece.slice(0, 60))
    : `0x${Buffer.from(piece).toString('hex').slice(0, 60)}`;
}

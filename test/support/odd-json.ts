/** A piece of JSON, or of what is none, as text or, where it is no text at all, as bytes. */
export type Piece = string | Uint8Array;

const raw = (...bytes: number[]) => Uint8Array.from(bytes);
const utf16 = (text: string, bigEndian: boolean) => {
  const bytes = Buffer.from(text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
};
/** Bytes between two texts. */
const within = (before: string, bytes: readonly number[], after: string) =>
  Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);

const BOM = [0xef, 0xbb, 0xbf];
const DEEP = 100_000;

/**
 * What parsers of JSON have stumbled over, by kind: what is JSON, what is none, and what the specification leaves open.
 * Every piece can be a body of its own or stand where a value should.
 */
export const ODD_JSON: Readonly<Record<string, readonly Piece[]>> = {
  'nothing and white space': [
    '',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\f',
    '\v',
    '\u00a0',
    '\u2060',
    '\u2028',
    ' \n\t ',
  ],
  'words that are values': ['true', 'false', 'null', ' null ', '"a"', '""', '0', '-0.1', '42', '[]', '{}'],
  'words that are none': [
    ...['tru', 'fals', 'nul', 'True', 'NULL', 'nulll', 'truefalse', 'undefined', 'yes', 'a', 'å', '*', '#'],
    ...['.', '<.>', '<null>', 'ａ', 'aå', "'", '"', ',', ':', '}', ']', '{}}', ']{', '{]', '[}', '/', '\\'],
  ],
  'arrays that are good': [
    ...[
      '[[]   ]',
      '[""]',
      '[]\n',
      '[false]',
      '[null, 1, "1", {}]',
      '[1\n]',
      ' [1]',
      '[1,null,null,2]',
      '[2] ',
    ],
    ...['[true]', ' [] ', '[[[[[[1]]]]]]'],
  ],
  'arrays that are not': [
    ...[
      '[1 true]',
      '["": 1]',
      '[""],',
      '[,1]',
      '[1,,2]',
      '["x",,]',
      '["x"]]',
      '["",]',
      '["x"',
      '[x',
      '[3[4]]',
    ],
    ...[
      '[1:2]',
      '[,]',
      '[-]',
      '[   , ""]',
      '["a",\n4\n,1,',
      '[1,]',
      '[1,,]',
      '["\va"\\f]',
      '[*]',
      '[""',
      '[1,',
    ],
    ...[
      '[1,\n1\n,1',
      '[{}',
      '[1]x',
      '[1]]',
      '["asd]',
      '[][]',
      ']',
      '[',
      '["a"',
      "['",
      '[,',
      '[{',
      '[false, tru',
    ],
  ],
  'numbers that are good': [
    ...['[123e65]', '[0e+1]', '[0e1]', '[ 4]', '[-0.000000000000000000000000000000000000000000000000000001]'],
    ...[
      '[20e1]',
      '[-0]',
      '[-123]',
      '[-1]',
      '[1E22]',
      '[1E-2]',
      '[1E+2]',
      '[123.456e78]',
      '[1e-2]',
      '[123.456789]',
    ],
  ],
  'numbers beyond all bounds': [
    ...['[123.456e-789]', '[-1e+9999]', '[1.5e+9999]', '[1e400]', '[-123123e100000]', '[123e-10000000]'],
    ...['[-123123123123123123123123123123]', '[100000000000000000000]', `[${'9'.repeat(5000)}]`],
    `[0.${'4'.repeat(5000)}e${'0'.repeat(500)}6]`,
  ],
  'numbers that are none': [
    ...['[++1234]', '[+1]', '[+Inf]', '[-01]', '[-1.0.]', '[-2.]', '[-NaN]', '[.-1]', '[.2e-3]', '[0.1.2]'],
    ...[
      '[0.3e+]',
      '[0.3e]',
      '[0.e1]',
      '[0E+]',
      '[0E]',
      '[0e+]',
      '[0e]',
      '[1.0e+]',
      '[1.0e-]',
      '[1.0e]',
      '[1 000.0]',
    ],
    ...[
      '[1eE2]',
      '[2.e+3]',
      '[2.e-3]',
      '[2.e3]',
      '[9.e+]',
      '[Inf]',
      '[NaN]',
      '[\uff11]',
      '[1+2]',
      '[0x1]',
      '[0x42]',
    ],
    ...[
      '[Infinity]',
      '[0e+-1]',
      '[-123.123foo]',
      '[-Infinity]',
      '[-foo]',
      '[- 1]',
      '[-012]',
      '[-.123]',
      '[-1x]',
    ],
    ...[
      '[1ea]',
      '[1.]',
      '[.123]',
      '[1.2a-3]',
      '[1.8011670033376514H-308]',
      '[012]',
      '1]',
      '2@',
      '123\u0000',
      '00',
    ],
    ...['[1n]', '[1_000]', '[0b1]', '[0o7]', '[٣]'],
  ],
  'objects that are good': [
    ...[
      '{"asd":"sdf", "dfg":"fgh"}',
      '{"":0}',
      '{"a":[]}',
      '{\n"a": "b"\n}',
      '{"min": -1.0e+28, "max": 1.0e+28}',
    ],
    ...[
      `{"x":"${'x'.repeat(40_000)}"}`,
      '{"a\\u0000b":1}',
      '{"title":"\\u041f\\u043e\\u043b"}',
      '{"a":{"a":{}}}',
    ],
  ],
  'names given twice': [
    ...['{"a":"b","a":"c"}', '{"a":"b","a":"b"}', '{"query":1,"query":2}', `{${'"a":0,'.repeat(5000)}"a":1}`],
    '{"request_id":"a","request_id":"b"}',
  ],
  'names that mean something to a program': [
    ...[
      '{"__proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
      '{"toString":1}',
    ],
    ...['{"__proto__":null}', '{"hasOwnProperty":1,"then":1,"length":-1}', '[{"__proto__":[]}]'],
    '{"__proto__":{"query":"{ __typename }","request_id":"x","status":"OK"}}',
  ],
  'objects that are none': [
    ...[
      '["x", truth]',
      '{[: "x"}',
      '{"x", null}',
      '{"x"::"b"}',
      '{\u{1f1e8}\u{1f1ed}}',
      '{"a":"a" 123}',
      "{'a':0}",
    ],
    ...['{"a" b}', '{:"b"}', '{"a" "b"}', '{"a":', '{"a"', '{1:1}', '{9999E9999:1}', '{null:null,null:null}'],
    ...['{"id":0,,,,,}', '{"id":0,}', '{"a":"b",,"c":"d"}', '{a: "b"}', '{"a":"a', '{ "foo" : "bar", "a" }'],
    ...['{"a":"b"}#', '{"x": true,', '{"a":true} "x"', '{', '{]', '{,', '{[', '{"a', '{"a":"a"}}', '{"":'],
  ],
  comments: [
    ...[
      '{"a":"b"}/**/',
      '{"a":"b"}/**//',
      '{"a":"b"}//',
      '{"a":"b"}/',
      '{"a":/*comment*/"b"}',
      '[1]#',
      '/**/{}',
    ],
    '{"a":"/*no comment*/ // nor this"}',
  ],
  'texts that are good': [
    ...[
      '["\\u0060\\u012a\\u12AB"]',
      '["\\uD801\\udc37"]',
      '["\\ud83d\\ude39\\ud83d\\udc8d"]',
      '["\\"\\\\\\/\\b\\n"]',
    ],
    ...[
      '["\\\\u0000"]',
      '["\\""]',
      '["\\\\a"]',
      '["\\u0012"]',
      '["\\uFFFF"]',
      '["\\u00A0"]',
      '["π"]',
      '["\u2028"]',
    ],
    ...[
      '["\u{10ffff}"]',
      '["\uffff"]',
      '["\u{1bfff}"]',
      '["\u007f"]',
      '["\u200b\u2064"]',
      '["\\uFDD0"]',
      '["\ufffe"]',
    ],
  ],
  'NUL, in every way to write it': [
    ...[
      '\u0000',
      '["\u0000"]',
      '["\\u0000"]',
      '{"\\u0000":1}',
      '[\u0000]',
      '{}\u0000',
      '\u0000{}',
      '["a\u0000b"]',
    ],
  ],
  'texts that are none': [
    ...[
      '["\\uD800\\"]',
      '["\\uD800\\u"]',
      '["\\uD800\\u1"]',
      '["\\uD800\\u1x"]',
      '[é]',
      '["\\x00"]',
      '["\\\\\\"]',
    ],
    ...[
      '["\\\t"]',
      '["\\\u{1f300}"]',
      '["\\"]',
      '["\\u00A"]',
      '["\\uD834\\uDd"]',
      '["\\a"]',
      '["\\uqqqq"]',
      '[\\u0020"a"]',
    ],
    ...[
      '[\\n]',
      '["',
      "['single quote']",
      'abc',
      '["\\',
      '["a\ra"]',
      '["new\nline"]',
      '["\t"]',
      '"\\UA66D"',
      '""x',
    ],
    ...['["\u001f"]', '["\b"]', '["\u001b[31m"]'],
  ],
  'half characters': [
    ...[
      '{"\\uDFAA":0}',
      '["\\uDADA"]',
      '["\\uD888\\u1234"]',
      '["\\uD800\\n"]',
      '["\\uDd1ea"]',
      '["\\uD800\\uD800\\n"]',
    ],
    ...['["\\ud800"]', '["\\ud800abc"]', '["\\uDd1e\\uD834"]', '["\\uDFAA"]', '"\\ud800"'],
  ],
  'bytes that are no UTF-8': [
    ...[within('["', [0xe9], '"]'), within('["', [0xff], '"]'), within('["', [0xed, 0xa0, 0x80], '"]')],
    ...[
      within('["', [0x81], '"]'),
      within('["', [0xf4, 0xbf, 0xbf, 0xbf], '"]'),
      within('["', [0xc0, 0xaf], '"]'),
    ],
    ...[
      within('["', [0xfc, 0x83, 0xbf, 0xbf, 0xbf, 0xbf], '"]'),
      within('["', [0xfc, 0x80, 0x80, 0x80, 0x80, 0x80], '"]'),
    ],
    ...[
      within('["', [0xe0, 0xff], '"]'),
      within('["', [0xe6, 0x97, 0xa5, 0xd1, 0x88, 0xfa], '"]'),
      raw(0xe5),
      raw(0xff),
    ],
    ...[
      within('[a', [0xe5], ']'),
      within('[', [0xff], ']'),
      within('[123', [0xe5], ']'),
      within('[1e1', [0xe5], ']'),
    ],
    ...[
      within('[0', [0xe5], ']'),
      within('[1e', [0xe5], ']'),
      within('["\\u', [0xe5], '"]'),
      within('["\\', [0xe5], '"]'),
    ],
    ...[
      within('{"', [0xb9], '":"0",}'),
      raw(0xfe, 0xff),
      raw(0xff, 0xfe),
      raw(0xc3, 0x28),
      raw(0xf0, 0x28, 0x8c, 0x28),
    ],
  ],
  'other encodings and marks of byte order': [
    ...[
      within('', BOM, '{}'),
      within('', BOM, ''),
      within('', BOM.slice(0, 2), '{}'),
      within('', [...BOM, ...BOM], '{}'),
    ],
    ...[within('{', BOM, '}'), within('{}', BOM, ''), utf16('["é"]', false), utf16('["é"]', true)],
    ...[utf16('\ufeff["é"]', false), utf16('\ufeff["é"]', true), Buffer.from('{"a":"é"}', 'latin1')],
    ...[raw(0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0), raw(0, 0, 0, 0x7b), raw(0xa1, 0x61, 0x61, 0x01)],
  ],
  'nesting 500 deep': ['['.repeat(500) + ']'.repeat(500), '{"a":'.repeat(500) + '1' + '}'.repeat(500)],
  'nesting 40,000 deep': [
    '['.repeat(40_000) + ']'.repeat(40_000),
    '{"":'.repeat(15_000) + '1' + '}'.repeat(15_000),
  ],
  'nesting 100,000 deep': [
    '['.repeat(DEEP) + ']'.repeat(DEEP),
    '{"a":'.repeat(DEEP) + '1' + '}'.repeat(DEEP),
    '[{"a":'.repeat(DEEP / 2) + '1' + '}]'.repeat(DEEP / 2),
  ],
  'nesting that never closes': [
    ...[
      '['.repeat(DEEP),
      '{"a":'.repeat(DEEP),
      '[{"":'.repeat(DEEP / 2),
      '['.repeat(40_000),
      '{"a":['.repeat(9000),
    ],
    ...['[{"a":"b"', '{"a":[1,2', '[[[', '"'.repeat(40_000), '\\'.repeat(40_000), '{"a":"\\'],
  ],
};

/** The beginnings of a text, each so many characters longer than the one before, and all of them shorter than it. */
export function beginningsOf(text: string, step = 1): string[] {
  return Array.from({ length: Math.ceil(text.length / step) }, (_, index) => text.slice(0, index * step));
}

/** A piece where `PIECE` stands in a text. */
export function put(piece: Piece, text: string): Uint8Array<ArrayBuffer> {
  const [before = '', after = ''] = text.split('PIECE');
  return Buffer.concat([Buffer.from(before), Buffer.from(piece), Buffer.from(after)]);
}

/** Its first bytes, for people who have to find out which one it was. */
export function shownPiece(piece: Piece): string {
  return typeof piece === 'string'
    ? JSON.stringify(piece.slice(0, 60))
    : `0x${Buffer.from(piece).toString('hex').slice(0, 60)}`;
}

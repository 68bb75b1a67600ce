import { expect, test } from 'vitest';
import { EventParser, type StreamEvent } from '../src/event-stream.ts';

const TEXT =
  ':\n\nevent: next\ndata: {"a":1}\n\n:\n\nevent: next\ndata: 1\ndata: 2\nid: 7\n\nevent: complete\ndata:\n\n';
const EVENTS: StreamEvent[] = [
  { name: 'next', data: '{"a":1}' },
  { name: 'next', data: '1\n2' },
  { name: 'complete', data: '' },
];

test.each(['\n', '\r\n', '\r'])('events end with an empty line, for lines that end with %j', (end) => {
  // A CR at the end may be half of a line's end: the next byte tells.
  expect(new EventParser().push(`${TEXT.replaceAll('\n', end)}:`)).toEqual(EVENTS);
});

test.each(['\n', '\r\n'])('a text may be cut anywhere (lines end with %j)', (end) => {
  const text = TEXT.replaceAll('\n', end);
  for (let size = 1; size < text.length; size++) {
    const parser = new EventParser();
    const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
      text.slice(at * size, (at + 1) * size),
    );
    expect(parts.flatMap((part) => parser.push(part))).toEqual(EVENTS);
  }
});

test('an event without an empty line is not complete', () => {
  expect(new EventParser().push('event: next\ndata: 1\n')).toEqual([]);
});

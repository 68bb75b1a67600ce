import { buildSchema, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { playgroundTabs } from '../../../src/http/pages/playground.ts';
import { readFileSync } from 'node:fs';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const tabs = playgroundTabs('http://127.0.0.1:4000/photos.zip').map(({ query }) => query);
/** In characters, in a window of 1,400 pixels. */
const WIDTH = 66;

test.each(tabs.map((query, index) => [index + 1, query] as const))(
  'tab %i is valid, and fits its window',
  (_number, query) => {
    expect(validate(schema, parse(query))).toEqual([]);
    expect(query.split('\n').filter((line) => line.length > WIDTH)).toEqual([]);
  },
);

import v8 from 'node:v8';
import { expect, onTestFinished, test } from 'vitest';
import { CompiledQueries, type PlainQuery } from '../../src/graphql/compiled-queries.ts';
import { heapUsed } from '../support/heap-used.ts';
import { parse } from 'graphql';
import { syncBuiltinESMExports } from 'node:module';
import { schema } from '../../src/graphql/schema.ts';
import type { Context } from '../../src/graphql/context.ts';

const context = { viewer: { ownerId: 'ada', expiresAt: null } } as unknown as Context;
/** More uses than it takes to compile a query. */
const USES = 11;

/** Finds a query several times; returns how often its text was parsed. */
async function used(queries: CompiledQueries, text: string): Promise<number> {
  let parsed = 0;
  const query = (): PlainQuery | null =>
    queries.find(text, null, (given) => {
      parsed += 1;
      return parse(given);
    });
  for (let use = 0; use < USES; use += 1) await query()?.execute(context, {});
  return parsed;
}

test('V8 keeps compiled scripts again after a query that cannot be compiled', async () => {
  const flags: string[] = [];
  const { setFlagsFromString } = v8;
  v8.setFlagsFromString = (flag) => void flags.push(flag);
  syncBuiltinESMExports();
  onTestFinished(() => {
    v8.setFlagsFromString = setFlagsFromString;
    syncBuiltinESMExports();
  });
  // Nothing can be executed or compiled without a schema.
  const query = new CompiledQueries(null as never).find('{ __typename }', null, parse);
  for (let use = 0; use < USES; use += 1) expect(() => query?.execute(context, {})).toThrow('schema');

  // Queries of earlier tests may still be compiled: they leave such pairs too.
  await expect.poll(() => flags.length).toBeGreaterThan(0);
  const pairs = flags.map((_flag, n) => (n % 2 === 0 ? '--no-compilation-cache' : '--compilation-cache'));
  expect([flags.length % 2, flags]).toEqual([0, pairs]);
});

test('a text is parsed once, and its operations are kept apart', () => {
  const queries = new CompiledQueries(schema);
  const text = 'query A { __typename } query B { b: __typename } mutation C { __typename }';
  const find = (name: string | null) => queries.find(text, name, parse)?.operation.name?.value ?? null;
  expect([find('A'), find('B'), find('A'), find('C'), find('D'), find(null)]).toEqual([
    'A',
    'B',
    'A',
    null,
    null,
    null,
  ]);
});

test.each([
  // 49 aliases and 250 fields: as many functions as a text of this length can ask for.
  [
    'large',
    (n: number) =>
      `{ n${n}: __typename ${Array.from({ length: 48 }, (_, i) => `a${i}: trainers { name id: name }`).join(' ')} }`,
    15,
  ],
  ['small', (n: number) => `{a${n}:__typename}`, 1700],
] as const)('ever new %s queries take a bounded amount of memory', async (_what, text, count) => {
  const queries = new CompiledQueries(schema);
  await used(queries, '{ __typename }');
  const before = heapUsed();
  for (let n = 0; n < count; n += 1) await used(queries, text(n));
  expect((heapUsed() - before) / 1e6).toBeLessThan(25);
  // The newest are kept, the oldest are not.
  expect(await used(queries, text(count - 1))).toBe(0);
  expect(await used(queries, text(0))).toBe(1);
});

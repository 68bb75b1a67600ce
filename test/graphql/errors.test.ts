import { expect, test } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { TOP_LEVEL_CODES } from '../../src/graphql/errors.ts';

const ROOT = new URL('../../', import.meta.url);

/** Yoga's, and graphql-js's through it. */
const OF_YOGA = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'OPERATION_RESOLUTION_FAILURE'];

test('docs/api.md describes every code of a top-level error, and no other', () => {
  const document = readFileSync(new URL('docs/api.md', ROOT), 'utf8');
  const [, section = ''] = document.split('top-level `errors` with `extensions.code`:');
  const [table = ''] = section.trimStart().split('\n\n');
  const described = [...table.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
  expect([...new Set(described)].sort()).toEqual([...TOP_LEVEL_CODES, ...OF_YOGA].sort());
});

test('an error gets its code in one place', () => {
  const files = ['src/graphql', 'src/http', 'src/live'].flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const coding = files.filter((file) =>
    /extensions: \{\s*code\b/.test(readFileSync(new URL(file, ROOT), 'utf8')),
  );
  expect(coding).toEqual(['src/graphql/errors.ts']);
});

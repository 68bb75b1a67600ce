import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from './src/graphql/schema.ts';

// The schema's source is the code. schema.graphql is its printed form, committed so that people and tools can read it
// and a review shows what a change does to clients.
const file = new URL('schema.graphql', import.meta.url);
const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;
const committed = existsSync(file) ? readFileSync(file, 'utf8') : '';
if (printed !== committed) {
  if (process.argv.includes('--check')) {
    console.error('schema.graphql is not what the code says. Repair it with: npm run codegen');
    process.exit(1);
  }
  writeFileSync(file, printed);
}

const OPERATIONS = {
  useTypeImports: true,
  enumsAsTypes: true,
  documentMode: 'string',
  strictScalars: true,
  scalars: { Date: 'string', DateTime: 'string', JSON: 'unknown' },
  importExtension: '.ts',
};

/** Typed documents for the tests, the demo and the published client, out of the operations that clients send. */
const config: CodegenConfig = {
  schema: './schema.graphql',
  documents: ['test/contract/*.graphql'],
  silent: true,
  generates: {
    './src/generated/contract/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: OPERATIONS,
    },
    './packages/client/src/generated/operations.ts': {
      plugins: ['typescript-operations', './scripts/compact-documents.mjs'],
      config: OPERATIONS,
    },
  },
};

export default config;

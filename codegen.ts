import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { lexicographicSortSchema, parse, printSchema, visit, type FragmentDefinitionNode } from 'graphql';
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

/** What the published client reads of an avatar on top of the contract's fragment, which stays as old clients send it. */
const [MORE_AVATAR_FIELDS] = parse('fragment More on Avatar { externalId tags trainer trainerNote }')
  .definitions as [FragmentDefinitionNode];

function withMoreAvatarFields(fragment: FragmentDefinitionNode): FragmentDefinitionNode | undefined {
  if (fragment.name.value !== 'AvatarFields') return undefined;
  const { selectionSet } = fragment;
  const selections = [...selectionSet.selections, ...MORE_AVATAR_FIELDS.selectionSet.selections];
  return { ...fragment, selectionSet: { ...selectionSet, selections } };
}

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
      documentTransforms: [
        {
          transform: ({ documents }) =>
            documents.map(({ document, ...file }) => ({
              ...file,
              ...(document && { document: visit(document, { FragmentDefinition: withMoreAvatarFields }) }),
            })),
        },
      ],
      plugins: ['typescript-operations', './scripts/compact-documents.mjs'],
      config: OPERATIONS,
    },
  },
};

export default config;

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

/** What the published client reads on top of the contract's fragments, which stay as old clients send them. */
const MORE_FIELDS = new Map(
  parse(`
    fragment AvatarFields on Avatar { externalId tags trainer trainerNote }
    fragment GenerationFields on Generation { numImages images { flagged } }
    fragment PhotoSetFields on PhotoSet { photos { url } }
  `).definitions.map((definition) => {
    const { name, selectionSet } = definition as FragmentDefinitionNode;
    return [name.value, selectionSet.selections] as const;
  }),
);

function withMoreFields({ selectionSet, ...fragment }: FragmentDefinitionNode): FragmentDefinitionNode {
  const selections = [...selectionSet.selections, ...(MORE_FIELDS.get(fragment.name.value) ?? [])];
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
              ...(document && { document: visit(document, { FragmentDefinition: withMoreFields }) }),
            })),
        },
      ],
      plugins: ['typescript-operations', './scripts/compact-documents.mjs'],
      config: OPERATIONS,
    },
  },
};

export default config;

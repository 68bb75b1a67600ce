import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types for the operations in src, checked against the schema of the API. */
export default {
  schema: '../../schema.graphql',
  documents: 'src/**/*.tsx',
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: { useTypeImports: true, enumsAsTypes: true },
    },
  },
} satisfies CodegenConfig;

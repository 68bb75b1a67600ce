import SchemaBuilder, { brandWithType, type InputFieldBuilder } from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { unauthenticated } from './errors.ts';
import { columnsFor } from './columns.ts';
import { isId } from '../jobs/ids.ts';
import { getDatamodel } from '../generated/pothos.ts';
import type PrismaTypes from '../generated/pothos.ts';
import type { Context } from './context.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { Json } from '../values/json.ts';

export const builder = new SchemaBuilder<{
  Context: Context;
  AuthContexts: { signedIn: Context & { readonly viewer: Viewer } };
  AuthScopes: { signedIn: boolean };
  DefaultFieldNullability: false;
  DefaultEdgesNullability: false;
  DefaultNodeNullability: false;
  PrismaTypes: PrismaTypes;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date | string };
    Date: { Input: string; Output: string };
    JSON: { Input: Json; Output: unknown };
  };
}>({
  // The order matters: authorization comes before the other plugins.
  plugins: [ErrorsPlugin, ScopeAuthPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  errors: {
    directResult: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName.charAt(0).toUpperCase()}${fieldName.slice(1)}Result`,
      description: 'The result, or the reason for the refusal.',
    },
  },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) => ({ signedIn: viewer !== null }),
    unauthorizedError: () => unauthenticated(),
  },
  relay: {
    // The prefix of a row's ID identifies its type, so the API uses it unchanged.
    encodeGlobalID: (_typename, id) => String(id),
    decodeGlobalID: (id) => ({
      typename: isId(id) ? (TYPE_OF_PREFIX[id.slice(0, 4)] ?? NO_TYPE) : NO_TYPE,
      id,
    }),
    cursorType: 'String',
    idFieldOptions: { description: 'Globally unique ID. The prefix identifies the type.' },
    edgesFieldOptions: { nullable: false, description: 'Entries of the page, in order.' },
    nodeFieldOptions: { nullable: false, description: 'The object of this entry.' },
    cursorFieldOptions: { description: 'Cursor of this entry, for `after` and `before`.' },
    pageInfoFieldOptions: { description: 'Position of the page in the list.' },
    hasNextPageFieldOptions: { description: 'Whether more entries follow this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether more entries precede this page.' },
    startCursorFieldOptions: { description: 'Cursor of the first entry. Null on an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last entry. Null on an empty page.' },
    firstArgOptions: {
      description:
        'Number of entries from the start of the list, or from `after`: 0 to 100. Not together with `last` or `before`.',
    },
    afterArgOptions: { description: 'Returns only entries after this cursor.' },
    lastArgOptions: {
      description:
        'Number of entries from the end of the list, or from `before`: 0 to 100. Not together with `first` or `after`.',
    },
    beforeArgOptions: { description: 'Returns only entries before this cursor.' },
    pageInfoTypeOptions: { description: 'Position of a page in its list.' },
    nodeTypeOptions: { description: 'An object with a globally unique ID.' },
    nodesQueryOptions: false,
    nodeQueryOptions: {
      description: 'Object of the caller with this ID. Null if not found.',
      args: { id: { description: 'ID of an avatar, a generation or a training.' } },
      resolve: async (_root, { id: { typename, id } }, context, info) => {
        const { ownerId } = viewerOf(context);
        const columns = columnsFor(info);
        const row =
          typename === 'Avatar'
            ? await context.rows.avatar(ownerId, id, columns.Avatar)
            : typename === 'Generation'
              ? await context.rows.generation(ownerId, id, columns.Generation)
              : typename === 'Training'
                ? await context.rows.training(ownerId, id, columns.Training)
                : null;
        if (row !== null) brandWithType(row, typename as never);
        return row;
      },
    },
  },
  prisma: {
    client: ({ prisma }) => prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
  },
});

const TYPE_OF_PREFIX: Readonly<Record<string, string>> = {
  avt_: 'Avatar',
  gen_: 'Generation',
  job_: 'Training',
};
const NO_TYPE = '';

/** What makes the fields of an input, for fields that several inputs share. */
export type InputFields = InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>;

/** The viewer of a field that requires authentication. */
export function viewerOf({ viewer }: Context): Viewer {
  if (viewer === null) throw unauthenticated();
  return viewer;
}

builder.queryType({
  description: 'Read operations. They return only objects of the caller.',
  authScopes: { signedIn: true },
});
builder.mutationType({
  description: 'Write operations. A refusal is returned as a member of the result union.',
  authScopes: { signedIn: true },
});
builder.subscriptionType({
  description:
    'Live updates: the current state, then every change. Available over WebSocket (graphql-transport-ws) and SSE.',
  authScopes: { signedIn: true },
});

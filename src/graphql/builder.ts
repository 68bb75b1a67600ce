import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { GraphQLError } from 'graphql';
import { isId } from '../jobs/ids.ts';
import { Prisma } from '../generated/prisma/client.ts';
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
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: Json; Output: unknown };
  };
}>({
  // The order matters: authorization comes before anything else looks at a field.
  plugins: [ErrorsPlugin, ScopeAuthPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  errors: {
    directResult: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName.charAt(0).toUpperCase()}${fieldName.slice(1)}Result`,
      description: 'What came of it, or why it was refused.',
    },
  },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) => ({ signedIn: viewer !== null }),
    unauthorizedError: () => unauthenticated('Sign in: this needs a valid bearer token.'),
  },
  relay: {
    // Rows carry ids that name their type already, so the API's id is the row's own.
    encodeGlobalID: (_typename, id) => String(id),
    decodeGlobalID: (id) => ({
      typename: isId(id) ? (TYPE_OF_PREFIX[id.slice(0, 4)] ?? NO_TYPE) : NO_TYPE,
      id,
    }),
    cursorType: 'String',
    idFieldOptions: { description: 'Names it among all things; its first letters say of what kind it is.' },
    edgesFieldOptions: { nullable: false, description: 'What is on the page, in order.' },
    nodeFieldOptions: { nullable: false, description: 'The thing itself.' },
    cursorFieldOptions: { description: 'Its place in the list, for `after` and `before`.' },
    pageInfoFieldOptions: { description: 'Where the page stands in the list.' },
    hasNextPageFieldOptions: { description: 'There is more after this page.' },
    hasPreviousPageFieldOptions: { description: 'There is more before this page.' },
    startCursorFieldOptions: { description: 'The place of the page’s first entry; null on an empty page.' },
    endCursorFieldOptions: { description: 'The place of the page’s last entry; null on an empty page.' },
    firstArgOptions: { description: 'How many from the start (or from `after`), 0 to 100.' },
    afterArgOptions: { description: 'Only what comes after this cursor.' },
    lastArgOptions: { description: 'How many from the end (or from `before`), 0 to 100.' },
    beforeArgOptions: { description: 'Only what comes before this cursor.' },
    pageInfoTypeOptions: { description: 'Where a page stands in its list.' },
    nodeTypeOptions: { description: 'Anything with an id of its own.' },
    nodesQueryOptions: false,
    nodeQueryOptions: {
      description:
        'Anything of the caller by its id; null when there is no such thing or it is not the caller’s.',
      args: { id: { description: 'The id of an avatar or a generation.' } },
      resolve: async (_root, { id }, _context, _info, resolveNode) => {
        if (id.typename === NO_TYPE) return null;
        try {
          return await resolveNode(id);
        } catch (error) {
          if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === RECORD_NOT_FOUND)
            return null;
          throw error;
        }
      },
    },
  },
  prisma: {
    client: ({ prisma }) => prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    filterConnectionTotalCount: true,
    maxConnectionSize: 100,
    onUnusedQuery: null,
  },
});

const TYPE_OF_PREFIX: Readonly<Record<string, string>> = { avt_: 'Avatar', gen_: 'Generation' };
const NO_TYPE = '';
const RECORD_NOT_FOUND = 'P2025';

/** For a request that needs a token and has none, or a bad one. */
export function unauthenticated(message: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'UNAUTHENTICATED', http: { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } } },
  });
}

/** For an argument that no result union can answer for: those of queries and subscriptions. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'INVALID_INPUT' } });
}

/** The viewer of a field that only signed-in callers reach. */
export function viewerOf({ viewer }: Context): Viewer {
  if (viewer === null) throw unauthenticated('Sign in: this needs a valid bearer token.');
  return viewer;
}

builder.queryType({
  description: 'Everything a caller can read. Only the caller’s own things are ever found.',
  authScopes: { signedIn: true },
});
builder.mutationType({
  description:
    'Everything a caller can have done. What was refused comes back as a member of the result union.',
  authScopes: { signedIn: true },
});
builder.subscriptionType({
  description: 'The present state first, then every change, over WebSocket (graphql-transport-ws) or SSE.',
  authScopes: { signedIn: true },
});

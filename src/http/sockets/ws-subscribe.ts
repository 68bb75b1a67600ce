import {
  getOperationAST,
  GraphQLError,
  type DocumentNode,
  type execute,
  type ExecutionArgs,
  type GraphQLSchema,
  type subscribe,
} from 'graphql';
import type { Context, SubscribePayload } from 'graphql-ws';
import { codedError } from '../../graphql/errors.ts';
import { createEventSinks } from './ws-events.ts';
import type { Viewer } from '../../auth/viewer.ts';
import type { WsConnection } from './ws-connection.ts';
import type { MaskError, Yoga } from '../yoga.ts';

/** The caller of an operation. */
type Caller = {
  readonly connection: WsConnection;
  readonly host: string | undefined;
  readonly viewer: Viewer | null;
};

export type Enveloped = ExecutionArgs & {
  readonly rootValue: {
    readonly execute: (args: ExecutionArgs) => ReturnType<typeof execute>;
    readonly subscribe: (args: ExecutionArgs) => ReturnType<typeof subscribe>;
  };
};

/**
 * Prepares the operations of one server's sockets: the arguments of their execution, or the errors that refuse one.
 *
 * @param most operations on one socket
 */
export function createSubscribe(yoga: Yoga, maskError: MaskError, most: number) {
  const sinkFor = createEventSinks(maskError);
  return async (context: Context<Record<string, unknown>, Caller>, id: string, payload: SubscribePayload) => {
    const { extra, subscriptions } = context;
    const { connection, viewer, host } = extra;
    if (!connection.begin(id)) return [new GraphQLError('The operation ID is too long or in use.')];
    // `subscriptions` includes the new operation. Operations that the client has completed may still execute: as many
    // again are allowed.
    if (Object.keys(subscriptions).length > most || connection.operations > 2 * most) {
      const message = `A socket may have at most ${most} operations under way: end one first.`;
      return [codedError('LIMIT_EXCEEDED', message)];
    }
    const enveloped = yoga.getEnveloped({ viewer, host });
    const schema = enveloped.schema as GraphQLSchema;
    // A thrown error would close the socket for the other operations.
    const document = attempt(() => enveloped.parse(payload.query) as DocumentNode);
    if (document instanceof GraphQLError) return [document];
    const errors = attempt(() => enveloped.validate(schema, document) as readonly GraphQLError[]);
    if (errors instanceof GraphQLError) return [errors];
    if (errors.length > 0) return errors;
    const variables = declaredOnly(payload, document);
    const sink = sinkFor(id, variables, connection, context);
    return {
      schema,
      operationName: payload.operationName ?? null,
      document,
      variableValues: variables,
      contextValue: await enveloped.contextFactory({ sink }),
      rootValue: {
        execute: enveloped.execute,
        subscribe: async (args: ExecutionArgs) => {
          const result = await (enveloped as Enveloped['rootValue']).subscribe(args);
          if (sink.stream === null) return result;
          // graphql-ws keeps the arguments while the stream is open, and Yoga's wrappers would never see an event.
          Object.assign(args, { contextValue: undefined, rootValue: undefined });
          return sink.stream;
        },
      },
    };
  };
}

/** The declared variables. graphql-ws keeps the message while the operation runs, so everything else is removed from it. */
function declaredOnly(payload: SubscribePayload, document: DocumentNode): Record<string, unknown> {
  const given = payload.variables ?? {};
  const definitions = getOperationAST(document, payload.operationName)?.variableDefinitions ?? [];
  const names = definitions
    .map(({ variable }) => variable.name.value)
    .filter((name) => Object.hasOwn(given, name));
  const declared = Object.fromEntries(names.map((name) => [name, given[name]]));
  Object.assign(payload, { query: '', variables: declared, extensions: null });
  return declared;
}

function attempt<T>(step: () => T): T | GraphQLError {
  try {
    return step();
  } catch (error) {
    return error instanceof GraphQLError ? error : new GraphQLError('The document cannot be parsed.');
  }
}

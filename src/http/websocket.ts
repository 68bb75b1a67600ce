import {
  GraphQLError,
  type DocumentNode,
  type execute,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type subscribe,
} from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { atExpiry } from '../auth/at-expiry.ts';
import { GRAPHQL_PATH, type Yoga } from './graphql.ts';
import type { Authenticate } from '../auth/authenticate.ts';
import type { ExecutionArgs } from 'graphql';
import type { Duplex } from 'node:stream';
import type { IncomingMessage, Server } from 'node:http';
import type { IsAllowedOrigin } from './origin.ts';
import type { Log } from '../jobs/ports.ts';
import type { Viewer } from '../auth/viewer.ts';

export type Sockets = {
  /** Closes every socket with 1001 and takes no new ones. */
  close(): Promise<void>;
};

/** In bytes. */
const MAX_MESSAGE_BYTES = 100_000;
const GOING_AWAY = 1001;
const CLOSE_ANSWER_MS = 1000;

type Enveloped = ExecutionArgs & {
  readonly rootValue: {
    readonly execute: (args: ExecutionArgs) => ReturnType<typeof execute>;
    readonly subscribe: (args: ExecutionArgs) => ReturnType<typeof subscribe>;
  };
};

/**
 * Subscriptions, queries and mutations over WebSocket (graphql-transport-ws). The token comes in connection_init's
 * `authorization` (either spelling) or in the upgrade request's header. Everything Yoga does to a request over HTTP
 * (masking, limits, context) is done here too, by going through its own envelope.
 */
export function serveSockets(
  server: Server,
  options: {
    readonly yoga: Yoga;
    readonly authenticate: Authenticate;
    readonly isAllowedOrigin: IsAllowedOrigin;
    /** Operations under way on one socket at most; null: no limit. */
    readonly maxOperations: number | null;
    readonly log: Log;
  },
): Sockets {
  const { yoga, authenticate, isAllowedOrigin, maxOperations, log } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const isAllowed = ({ headers: { origin, host } }: IncomingMessage) =>
    isAllowedOrigin(origin ?? null, host ?? null);

  server.on('upgrade', (request, socket, head) => {
    // Without a listener an error on a socket that is refused would end the process.
    socket.on('error', () => socket.destroy());
    // Compared, not parsed: not every request line is a URL, and an error thrown here would end the process.
    const path = request.url?.split('?', 1)[0];
    if (path !== GRAPHQL_PATH) refuse(socket, '404 Not Found');
    else if (!isAllowed(request)) refuse(socket, '403 Forbidden');
    else
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        sockets.emit('connection', webSocket, request),
      );
  });
  sockets.on('connection', (webSocket) =>
    webSocket.on('error', (error) => log.debug({ err: error }, 'socket error')),
  );

  const protocol = useServer<Record<string, unknown>, { viewer: Viewer | null; callOffExpiry: () => void }>(
    {
      execute: (args) => (args as unknown as Enveloped).rootValue.execute(args),
      subscribe: (args) => (args as unknown as Enveloped).rootValue.subscribe(args),
      onConnect: async ({ connectionParams, extra }) => {
        const identity = await authenticate(authorizationOf(connectionParams, extra.request));
        // false closes the socket with 4403 Forbidden.
        if (identity.kind !== 'viewer') return false;
        extra.viewer = identity.viewer;
        extra.callOffExpiry = atExpiry(identity.viewer.expiresAt, () => {
          extra.socket.close(CloseCode.Forbidden, 'Forbidden: the token has expired');
        });
        return true;
      },
      // HTTP statuses mean nothing on a socket.
      onError: (_context, _id, _payload, errors) => errors.map(withoutStatus),
      onNext: (_context, _id, _payload, _args, { errors, data }) =>
        errors === undefined
          ? undefined
          : { errors: errors.map(withoutStatus), ...(data === undefined ? {} : { data }) },
      onClose: ({ extra }) => extra.callOffExpiry?.(),
      onSubscribe: async ({ extra, subscriptions }, _id, { operationName, query, variables }) => {
        const enveloped = yoga.getEnveloped({
          request: undefined as never,
          socketViewer: extra.viewer ?? null,
        });
        const schema = enveloped.schema as GraphQLSchema;
        // The new one is among them.
        if (maxOperations !== null && Object.keys(subscriptions).length > maxOperations) {
          const message = `At most ${maxOperations} operations may be under way on one socket; end one first.`;
          return [new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED' } })];
        }
        // One bad operation is that operation's error; thrown, it would close the socket for all the others.
        const document = attempt(() => enveloped.parse(query) as DocumentNode);
        if (document instanceof GraphQLError) return [document];
        const errors = attempt(() => enveloped.validate(schema, document) as readonly GraphQLError[]);
        if (errors instanceof GraphQLError) return [errors];
        if (errors.length > 0) return errors;
        return {
          schema,
          operationName: operationName ?? null,
          document,
          variableValues: variables ?? null,
          contextValue: await enveloped.contextFactory(),
          rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe },
        };
      },
    },
    sockets,
  );

  return {
    async close() {
      for (const webSocket of sockets.clients) webSocket.close(GOING_AWAY, 'going away');
      // A peer that fell asleep never answers the close.
      const asleep = setTimeout(() => {
        for (const webSocket of sockets.clients) webSocket.terminate();
      }, CLOSE_ANSWER_MS);
      await protocol.dispose();
      clearTimeout(asleep);
    },
  };
}

function withoutStatus(error: GraphQLError): GraphQLFormattedError {
  const { extensions = {}, ...rest } = error.toJSON();
  const { http: _status, ...kept } = extensions;
  return Object.keys(kept).length === 0 ? rest : { ...rest, extensions: kept };
}

function attempt<T>(step: () => T): T | GraphQLError {
  try {
    return step();
  } catch (error) {
    return error instanceof GraphQLError ? error : new GraphQLError('The document cannot be read.');
  }
}

/** Destroyed as soon as it is said: a client that keeps its half open would otherwise hold the server open. */
function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}

function authorizationOf(
  params: Readonly<Record<string, unknown>> | undefined,
  request: IncomingMessage,
): string | null {
  const given = params?.['authorization'] ?? params?.['Authorization'];
  return typeof given === 'string' ? given : (request.headers.authorization ?? null);
}

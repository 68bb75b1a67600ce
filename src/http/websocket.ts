import {
  getOperationAST,
  GraphQLError,
  type DocumentNode,
  type execute,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type subscribe,
} from 'graphql';
import { CloseCode, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { atExpiry } from '../auth/at-expiry.ts';
import { GRAPHQL_PATH, type Yoga } from './yoga.ts';
import { pathOf, refusalOfHead } from './request-head.ts';
import { WsConnection } from './ws-connection.ts';
import { KeyedSemaphore } from '../async/keyed-semaphore.ts';
import type { Authenticate } from '../auth/authenticate.ts';
import type { ExecutionArgs } from 'graphql';
import type { Duplex } from 'node:stream';
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { IsAllowedOrigin } from './origin.ts';
import type { Log } from '../log/log.ts';
import type { Timeouts } from './timeouts.ts';
import type { Viewer } from '../auth/viewer.ts';

export type Sockets = {
  /** Closes every socket with 1001 and takes no new ones. */
  close(): Promise<void>;
};

export type SocketLimits = {
  /** Operations under way on one socket at most; null: no limit. */
  readonly operationsPerSocket: number | null;
  /** Sockets open at the same time, over all owners; null: no limit. */
  readonly sockets: number | null;
  readonly socketsPerOwner: number | null;
};

const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

const WEBSOCKET_OPTIONS = {
  noServer: true,
  /** In bytes. */
  maxPayload: 100_000,
  /** Of one message. A client that streams it in pieces needs a few; each costs memory of its own. */
  maxFragments: 100,
  handleProtocols,
  /** SocketPeer answers pings. */
  autoPong: false,
  /** In milliseconds. A peer that fell asleep never answers a close. */
  closeTimeout: 1000,
};

/** What is known of a socket beside the protocol. */
type Extra = {
  readonly peer: WsConnection;
  readonly request: IncomingMessage;
  viewer: Viewer | null;
  /** Tells that somebody has signed in. */
  readonly welcome: () => void;
  /** Undoes what was done when it was acknowledged. */
  release: () => void;
};

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
    readonly limits: SocketLimits;
    readonly timeouts: Timeouts;
    readonly log: Log;
  },
): Sockets {
  const { yoga, authenticate, isAllowedOrigin, limits, timeouts, log } = options;
  const sockets = new WebSocketServer(WEBSOCKET_OPTIONS);
  const peers = new Map<WebSocket, WsConnection>();
  /** Sockets that nobody has signed in on yet. */
  const strangers = new Set<WebSocket>();
  const openOf = new KeyedSemaphore(limits.socketsPerOwner);
  const isAllowed = ({ headers: { origin, host } }: IncomingMessage) =>
    isAllowedOrigin(origin ?? null, host ?? null);

  const protocol = makeServer<Record<string, unknown>, Extra>({
    execute: (args) => (args as unknown as Enveloped).rootValue.execute(args),
    subscribe: (args) => (args as unknown as Enveloped).rootValue.subscribe(args),
    onConnect: async (context) => {
      const { connectionParams, extra } = context;
      const identity = await authenticate(authorizationOf(connectionParams, extra.request));
      // Clients come again after this one; 4403 they take for final.
      if (identity.kind === 'unavailable')
        extra.peer.close(TRY_AGAIN_LATER, 'Tokens cannot be verified: retry later');
      // false closes the socket with 4403 Forbidden.
      if (identity.kind !== 'viewer' || !extra.peer.isOpen) return false;
      const { ownerId, expiresAt } = identity.viewer;
      if (!openOf.tryAcquire(ownerId)) {
        extra.peer.close(TRY_AGAIN_LATER, 'Too many open sockets');
        return false;
      }
      const callOff = atExpiry(expiresAt, () =>
        extra.peer.close(CloseCode.Forbidden, 'Forbidden: the token has expired'),
      );
      extra.viewer = identity.viewer;
      // It would be kept for as long as the socket is open, whatever else the client put there.
      delete (context as { connectionParams?: unknown }).connectionParams;
      extra.release = () => {
        openOf.release(ownerId);
        callOff();
      };
      extra.peer.acknowledge();
      extra.welcome();
      return true;
    },
    // HTTP statuses mean nothing on a socket.
    onError: (_context, _id, _payload, errors) => errors.map(withoutStatus),
    onNext: (_context, _id, _payload, _args, { errors, data }) =>
      errors === undefined
        ? undefined
        : { errors: errors.map(withoutStatus), ...(data === undefined ? {} : { data }) },
    onClose: ({ extra }) => extra.release(),
    onSubscribe: async ({ extra, subscriptions }, id, payload) => {
      const { operationName, query } = payload;
      if (!extra.peer.begin(id)) return [new GraphQLError('The operation ID is too long or in use.')];
      const enveloped = yoga.getEnveloped({ request: undefined as never, socketViewer: extra.viewer });
      const schema = enveloped.schema as GraphQLSchema;
      // The new one is among them.
      // One that the client has completed may still be executed, so as many again may be on their way out.
      const most = limits.operationsPerSocket;
      const isTooMany = (limit: number) =>
        Object.keys(subscriptions).length > limit || extra.peer.operations > 2 * limit;
      if (most !== null && isTooMany(most)) {
        const message = `A socket may run at most ${most} operations at a time: end one first.`;
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
        variableValues: declaredOnly(payload, document),
        contextValue: await enveloped.contextFactory(),
        rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe },
      };
    },
  });

  server.on('upgrade', (request, socket, head) => {
    // Without a listener an error on a socket that is refused would end the process.
    socket.on('error', () => socket.destroy());
    const refusal = refusalOfHead(request);
    if (refusal !== null) refuse(socket, `${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`);
    else if (pathOf(request.url ?? '') !== GRAPHQL_PATH) refuse(socket, '404 Not Found');
    else if (!isAllowed(request)) refuse(socket, '403 Forbidden');
    else if (isFull(limits.sockets, sockets.clients.size, strangers.size))
      refuse(socket, '503 Service Unavailable');
    else
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const peer = new WsConnection(webSocket, {
          timeouts,
          maxOperations: limits.operationsPerSocket,
          log,
        });
        peers.set(webSocket, peer);
        strangers.add(webSocket);
        webSocket.once('close', () => {
          peers.delete(webSocket);
          strangers.delete(webSocket);
        });
        const welcome = () => void strangers.delete(webSocket);
        peer.serve(protocol, { peer, request, viewer: null, welcome, release: () => undefined });
      });
  });

  return {
    async close() {
      for (const peer of peers.values()) peer.close(GOING_AWAY, 'Server shutting down');
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}

/** Sockets on which nobody has signed in: each may hold back a message of 100 KB. A crowd that comes again needs many. */
const MAX_STRANGERS = 2500;

function isFull(limit: number | null, open: number, strangers: number): boolean {
  if (strangers >= MAX_STRANGERS) return true;
  return limit !== null && (open >= limit || strangers >= Math.ceil(limit / 2));
}

/**
 * The variables that the operation declares. The message is kept for as long as the operation runs, so whatever else it
 * holds is taken out of it.
 */
function declaredOnly(payload: SubscribePayload, document: DocumentNode): Record<string, unknown> {
  const given = payload.variables ?? {};
  const definitions = getOperationAST(document, payload.operationName)?.variableDefinitions ?? [];
  const names = definitions
    .map(({ variable }) => variable.name.value)
    .filter((name) => Object.hasOwn(given, name));
  const declared = Object.fromEntries(names.map((name) => [name, given[name]]));
  Object.assign(payload, { variables: declared, extensions: null });
  return declared;
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
    return error instanceof GraphQLError ? error : new GraphQLError('The document cannot be parsed.');
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

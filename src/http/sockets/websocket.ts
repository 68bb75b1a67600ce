import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { atExpiry } from '../../auth/at-expiry.ts';
import { GRAPHQL_PATH } from '../graphql-path.ts';
import { pathOf, refusalOfHead } from '../request-head.ts';
import { authorizationIn, whyForbidden } from './connection-init.ts';
import { createSubscribe, type Enveloped } from './ws-subscribe.ts';
import { withoutStatus, withoutStatuses } from './ws-events.ts';
import { WsConnection } from './ws-connection.ts';
import { KeyedSemaphore } from '../../async/keyed-semaphore.ts';
import type { Authenticate } from '../../auth/authenticate.ts';
import type { Duplex } from 'node:stream';
import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { InFlight } from '../../async/in-flight.ts';
import type { IsAllowedOrigin } from '../origin.ts';
import type { Log } from '../../log/log.ts';
import type { Timeouts } from '../timeouts.ts';
import type { Viewer } from '../../auth/viewer.ts';
import type { MaskError, Yoga } from '../yoga.ts';

type Sockets = {
  /** Closes every socket with 1001 and accepts no new ones. */
  close(): Promise<void>;
};

export type SocketLimits = {
  /** Concurrent operations on one socket; null: no limit. */
  readonly operationsPerSocket: number | null;
  /** Open sockets of all owners; null: no limit. */
  readonly sockets: number | null;
  readonly socketsPerOwner: number | null;
};

const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

const WEBSOCKET_OPTIONS = {
  noServer: true,
  /** In bytes. */
  maxPayload: 100_000,
  /** Of one message; each fragment costs memory. */
  maxFragments: 100,
  handleProtocols,
  /** WsConnection answers pings. */
  autoPong: false,
  /** In milliseconds, for a peer that does not answer the close frame. */
  closeTimeout: 1000,
};

/** Sockets without a verified token. Each may hold a message of 100 KB in memory. */
const MAX_UNAUTHENTICATED = 2500;

type Extra = {
  readonly socket: WebSocket;
  readonly connection: WsConnection;
  /** The header of the upgrade request; null after its use. */
  authorization: string | null;
  readonly host: string | undefined;
  viewer: Viewer | null;
};

/**
 * Subscriptions, queries and mutations over WebSocket (graphql-transport-ws). The token is in connection_init's
 * `authorization` (either spelling) or in the header of the upgrade request. Operations run through Yoga's envelope, so
 * masking, limits and context are those of HTTP.
 */
export function serveSockets(
  server: Server,
  options: {
    readonly yoga: Yoga;
    readonly maskError: MaskError;
    readonly authenticate: Authenticate;
    readonly isAllowedOrigin: IsAllowedOrigin;
    readonly limits: SocketLimits;
    readonly timeouts: Timeouts;
    readonly inFlight: InFlight;
    readonly log: Log;
  },
): Sockets {
  const { yoga, authenticate, isAllowedOrigin, limits } = options;
  const sockets = new WebSocketServer(WEBSOCKET_OPTIONS);
  const unauthenticated = new Set<WebSocket>();
  const socketsOf = new KeyedSemaphore(limits.socketsPerOwner);
  const isAllowed = ({ headers: { origin, host } }: IncomingMessage) =>
    isAllowedOrigin(origin ?? null, host ?? null);

  const protocol = makeServer<Record<string, unknown>, Extra>({
    execute: (args) =>
      options.inFlight.track(Promise.resolve((args as unknown as Enveloped).rootValue.execute(args))),
    subscribe: (args) => (args as unknown as Enveloped).rootValue.subscribe(args),
    onConnect: async (context) => {
      const { connectionParams, extra } = context;
      const { socket, connection, authorization } = extra;
      const identity = await authenticate(authorizationIn(connectionParams) ?? authorization);
      // Clients retry after 1013, but not after 4403.
      if (identity.kind === 'unavailable')
        connection.close(TRY_AGAIN_LATER, 'Tokens cannot be verified: retry later');
      else if (identity.kind !== 'viewer')
        connection.close(CloseCode.Forbidden, `Forbidden: ${whyForbidden(identity)}`);
      if (identity.kind !== 'viewer' || !connection.isOpen) return false;
      const { ownerId, expiresAt } = identity.viewer;
      if (!socketsOf.tryAcquire(ownerId)) {
        connection.close(TRY_AGAIN_LATER, 'Too many open sockets');
        return false;
      }
      const cancelExpiry = atExpiry(expiresAt, () =>
        connection.close(CloseCode.Forbidden, 'Forbidden: the token has expired'),
      );
      socket.on('close', () => {
        socketsOf.release(ownerId);
        cancelExpiry();
      });
      extra.viewer = identity.viewer;
      unauthenticated.delete(socket);
      connection.acknowledge();
      // They would stay in memory while the socket is open, with everything that was sent with the token.
      extra.authorization = null;
      delete (context as { connectionParams?: unknown }).connectionParams;
      return true;
    },
    // An error of a stream reaches this hook without Yoga.
    onError: (_context, _id, _payload, errors) => errors.map(options.maskError).map(withoutStatus),
    onNext: (_context, _id, _payload, _args, result) =>
      result.errors === undefined ? undefined : withoutStatuses(result),
    onSubscribe: createSubscribe(yoga, options.maskError, limits.operationsPerSocket ?? Infinity),
  });

  server.on('upgrade', (request, socket, head) => {
    // An unhandled error on a refused socket would end the process.
    socket.on('error', destroy);
    const refusal = refusalOfHead(request);
    if (refusal !== null) refuse(socket, refusal.status);
    else if (pathOf(request.url ?? '') !== GRAPHQL_PATH) refuse(socket, 404);
    else if (!isAllowed(request)) refuse(socket, 403);
    else if (isFull(limits.sockets, sockets.clients.size, unauthenticated.size)) refuse(socket, 503);
    else
      sockets.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, socket, request.headers));
  });
  // A separate function: listeners created in the scope of the request would keep the request in memory.
  function accept(socket: WebSocket, stream: Duplex, { authorization, host }: IncomingHttpHeaders): void {
    unauthenticated.add(socket);
    socket.on('close', () => unauthenticated.delete(socket));
    const connection = new WsConnection(socket, stream, options);
    const caller = { authorization: authorization ?? null, host, viewer: null };
    connection.serve(protocol, { socket, connection, ...caller });
  }

  return {
    async close() {
      for (const socket of sockets.clients) socket.close(GOING_AWAY, 'Server shutting down');
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** Callers without a token get at most half of the places. */
function isFull(limit: number | null, open: number, unauthenticated: number): boolean {
  if (unauthenticated >= MAX_UNAUTHENTICATED) return true;
  return limit !== null && (open >= limit || unauthenticated >= Math.ceil(limit / 2));
}

/** Destroys the socket after the response: a half-open client would delay the shutdown. */
function refuse(socket: Duplex, status: number): void {
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  socket.end(`${line}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}

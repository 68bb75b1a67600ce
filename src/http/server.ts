import { createServer, type Server } from 'node:http';
import { createServerAdapter } from '@whatwg-node/server';
import { Connections } from './connections.ts';
import { GRAPHQL_PATH, type Yoga } from './graphql.ts';
import { handleFalWebhook, WEBHOOK_PATH, type WebhookServices } from './fal-webhook.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { UnderWay } from '../jobs/under-way.ts';
import type { IsAllowedOrigin } from './origin.ts';
import { livez, readyz, type Readiness } from './health.ts';
import { PATIENCE, type Patience } from './patience.ts';
import { serveSockets, type SocketLimits } from './websocket.ts';
import type { AddressInfo } from 'node:net';
import type { Authenticate } from '../auth/authenticate.ts';
import type { Log } from '../jobs/ports.ts';
import type { Registry } from 'prom-client';

export type HttpServer = {
  /** Without a trailing slash. */
  readonly url: string;
  /** Ends sockets (with 1001) and event streams, so that their clients come again somewhere else. */
  endStreams(): Promise<void>;
  /**
   * Takes no new connections, lets requests under way end, also those whose clients have left, then ends what is left
   * after `graceMs`.
   */
  close(graceMs: number): Promise<void>;
};

export type HttpOptions = {
  readonly host: string;
  readonly port: number;
  /** One local user without tokens: requests of pages that are not allowed are not even read. */
  readonly isLocal: boolean;
  readonly isAllowedOrigin: IsAllowedOrigin;
  readonly socketLimits: SocketLimits;
  /** Left out: PATIENCE. */
  readonly patience?: Patience;
  readonly yoga: Yoga;
  readonly authenticate: Authenticate;
  readonly webhook: WebhookServices;
  readonly readiness: Readiness;
  readonly metrics: Registry;
  readonly log: Log;
};

/** In milliseconds: how long a request may take to arrive, and how often that is looked at. */
const REQUEST_LIMITS = { requestTimeout: 30_000, headersTimeout: 15_000, connectionsCheckingInterval: 5000 };

const LOCAL_ONLY =
  'Without tokens this answers pages and clients of this machine only, addressed as localhost.\n';

/** Listens. Throws when the address cannot be had. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { isLocal, isAllowedOrigin, log, patience = PATIENCE } = options;
  const underWay = new UnderWay();
  // Until there is an answer: sending it to a client that has left may never end.
  const edge = createServerAdapter<object>((request, context) =>
    underWay.track(route(options, request, context)),
  );
  const server = createServer(REQUEST_LIMITS, (request, response) => {
    // Read off a connection that was ended before: nobody can be answered any more, so nothing is begun.
    if (!request.socket.writable) return void response.destroy();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const target = request.url ?? '';
    if (!isPlain(target)) return void response.writeHead(400).end();
    const isGraphql = isAt(GRAPHQL_PATH, target.split('?', 1)[0] ?? '');
    const { host = null, origin = null } = request.headers;
    if (isGraphql && isLocal && !isAllowedOrigin(origin, host)) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end(LOCAL_ONLY);
      return;
    }
    Promise.resolve(edge(request, response)).catch((error: unknown) => {
      log.error({ err: error }, 'a request could not be handled');
      response.destroy();
    });
  });
  const connections = new Connections(server, patience);
  const sockets = serveSockets(server, { ...options, limits: options.socketLimits, patience });
  await listening(server, options.port, options.host);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async endStreams() {
      await sockets.close();
      connections.cutStreams();
    },
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.endWhenIdle();
      const late = setTimeout(() => server.closeAllConnections(), graceMs);
      const until = performance.now() + graceMs;
      await closed;
      clearTimeout(late);
      await underWay.settled(until - performance.now());
    },
  };
}

/** False for what a parser would turn into another path than it looks like: dots, backslashes, whole addresses. */
function isPlain(target: string): boolean {
  const url =
    target.startsWith('/') && URL.canParse(target, 'http://any') ? new URL(target, 'http://any') : null;
  return url?.host === 'any' && url.pathname === target.split(/[?#]/, 1)[0];
}

/** True for the path itself and what lies below it. */
function isAt(path: string, pathname: string): boolean {
  return pathname === path || pathname.startsWith(`${path}/`);
}

async function route(options: HttpOptions, request: Request, context: object): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (isAt(GRAPHQL_PATH, pathname)) return options.yoga.handleRequest(request, context);
  if (isAt(WEBHOOK_PATH, pathname)) return handleFalWebhook(options.webhook, request);
  switch (pathname) {
    case '/':
      return Response.json({ service: 'likeness', graphql: GRAPHQL_PATH });
    case '/livez':
      return livez();
    case '/readyz':
      return readyz(options.readiness);
    case '/metrics':
      return new Response(await options.metrics.metrics(), {
        headers: { 'content-type': options.metrics.contentType },
      });
    default:
      return Response.json({ error: 'There is nothing here.' }, { status: 404 });
  }
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

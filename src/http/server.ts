import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { createServerAdapter } from '@whatwg-node/server';
import { ConnectionTracker } from './connection-tracker.ts';
import { GRAPHQL_PATH, type Yoga } from './yoga.ts';
import { createFalWebhook, WEBHOOK_PATH, type WebhookServices } from './fal-webhook.ts';
import { methodNotAllowed, pathOf, refusalOfHead, type HeadRefusal } from './request-head.ts';
import { isMetricsReader } from './metrics-reader.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { InFlight } from '../async/in-flight.ts';
import type { IsAllowedOrigin } from './origin.ts';
import { livez, readyz, type Readiness } from './health.ts';
import { TIMEOUTS, type Timeouts } from './timeouts.ts';
import { serveSockets, type SocketLimits } from './websocket.ts';
import type { AddressInfo } from 'node:net';
import type { Authenticate } from '../auth/authenticate.ts';
import type { Log } from '../log/log.ts';
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
  readonly timeouts?: Timeouts;
  readonly yoga: Yoga;
  readonly authenticate: Authenticate;
  readonly webhook: WebhookServices;
  readonly readiness: Readiness;
  readonly metrics: {
    readonly registry: Registry;
    /** What readers send as a bearer token; null: anybody may read. */
    readonly token: string | null;
  };
  readonly log: Log;
};

/** In milliseconds: how long a request may take to arrive, and how often that is looked at. */
const REQUEST_LIMITS = { requestTimeout: 30_000, headersTimeout: 15_000, connectionsCheckingInterval: 5000 };

/** How long the rest of a body that nobody reads is still taken. */
const LINGER_MS = 2000;

const LOCAL_ONLY =
  'Without authentication, the server accepts only clients and pages on this machine, addressed as localhost.';

/** Listens. Throws when the address cannot be had. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { log, timeouts = TIMEOUTS } = options;
  const underWay = new InFlight();
  const routes: Routes = { ...options, handleWebhook: createFalWebhook(options.webhook) };
  // Until there is an answer: sending it to a client that has left may never end.
  const edge = createServerAdapter<Target>((request, target) =>
    underWay.track(answer(target, request, routes)),
  );
  const server = createServer(REQUEST_LIMITS, (request, response) => {
    // Read off a connection that was ended before: nobody can be answered any more, so nothing is begun.
    if (!request.socket.writable) return void response.destroy();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    dropUnreadBody(request, response);
    const refusal = refusalOfHead(request) ?? refusalOfStranger(options, request);
    if (refusal !== null) {
      refuse(response, refusal);
      return;
    }
    Promise.resolve(edge(request, response, { path: pathOf(request.url ?? '') })).catch((error: unknown) => {
      log.error({ err: error }, 'HTTP request failed');
      response.destroy();
    });
  });
  const connections = new ConnectionTracker(server, timeouts);
  const sockets = serveSockets(server, { ...options, limits: options.socketLimits, timeouts });
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
      await underWay.drain(until - performance.now());
    },
  };
}

/**
 * Ends the connection of a request that was answered before its body was read, once its sender has had time to read the
 * answer. Until then Node takes the rest and throws it away; cut off at once, many clients would not see the answer.
 */
function dropUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  // A request that was given up has no socket any more.
  const { socket } = request;
  response.once('finish', () => {
    if (request.complete) return;
    const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    request.once('end', () => clearTimeout(cut));
  });
}

/** Without tokens every page open in a browser of this machine could speak as the local user. */
function refusalOfStranger(
  { isLocal, isAllowedOrigin }: HttpOptions,
  { url = '', headers }: IncomingMessage,
): HeadRefusal | null {
  if (!isLocal || !isAt(GRAPHQL_PATH, pathOf(url))) return null;
  if (isAllowedOrigin(headers.origin ?? null, headers.host ?? null)) return null;
  return { status: 403, message: LOCAL_ONLY };
}

function refuse(response: ServerResponse, { status, message, headers }: HeadRefusal): void {
  response.writeHead(status, { ...headers, 'content-type': 'text/plain' }).end(`${message}\n`);
}

/** True for the path itself and what lies below it. */
function isAt(path: string, pathname: string): boolean {
  return pathname === path || pathname.startsWith(`${path}/`);
}

/** Whatever a route throws is logged and masked; the id in the answer finds it in the log. */
async function answer(target: Target, request: Request, routes: Routes): Promise<Response> {
  try {
    return await route(target, request, routes);
  } catch (error) {
    const correlationId = randomUUID();
    routes.log.error({ err: error, correlationId, path: target.path.slice(0, 200) }, 'HTTP route failed');
    return Response.json({ error: 'Internal server error.', correlationId }, { status: 500 });
  }
}

/** By the path of the request's target alone: a Request's own URL holds the Host header too. */
async function route({ path, ...context }: Target, request: Request, routes: Routes): Promise<Response> {
  if (isAt(GRAPHQL_PATH, path)) return routes.yoga.handleRequest(request, context);
  if (isAt(WEBHOOK_PATH, path)) return routes.handleWebhook(request);
  const read = PAGES[path];
  if (read === undefined) return Response.json({ error: 'Not found.' }, { status: 404 });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const { status, message, headers } = methodNotAllowed('GET, HEAD');
    return Response.json({ error: message }, { status, headers: { ...headers } });
  }
  return read(routes, request);
}

type Target = { readonly path: string };

type Routes = HttpOptions & { readonly handleWebhook: (request: Request) => Promise<Response> };

const PAGES: Readonly<Record<string, (routes: Routes, request: Request) => Response | Promise<Response>>> = {
  '/': () => Response.json({ service: 'likeness', graphql: GRAPHQL_PATH }),
  '/livez': () => livez(),
  '/readyz': ({ readiness }) => readyz(readiness),
  '/metrics': async ({ metrics: { registry, token } }, { headers }) =>
    isMetricsReader(token, headers.get('authorization'))
      ? new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } })
      : Response.json(
          { error: 'Authentication required: send METRICS_TOKEN as a bearer token.' },
          { status: 401, headers: { 'www-authenticate': 'Bearer' } },
        ),
};

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { createServerAdapter } from '@whatwg-node/server';
import { Response } from '@whatwg-node/fetch';
import { ConnectionTracker } from './connection-tracker.ts';
import { GRAPHQL_PATH } from './graphql-path.ts';
import type { Route, ReadRequest } from './route.ts';
import type { MaskError, Yoga } from './yoga.ts';
import { serveExpectations } from './expect-continue.ts';
import { createFalWebhook, WEBHOOK_PATH, type WebhookServices } from './fal-webhook.ts';
import { createPhotoUpload, PHOTO_PATH, type PhotoUploads } from './files/photo-upload.ts';
import { UpgradableToWebSocket } from './upgradable-to-websocket.ts';
import { dropUnreadBody } from './unread-body.ts';
import { countWhenSent } from './monitoring/count-request.ts';
import { createFileDownload, type FileDownloads } from './files/file-download.ts';
import { FILE_PATH } from './files/file-url.ts';
import { isAt, methodNotAllowed, pathOf, refusalOfHead, type HeadRefusal } from './request-head.ts';
import { isMetricsReader } from './monitoring/metrics-reader.ts';
import { jsonResponse } from './json-response.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { InFlight } from '../async/in-flight.ts';
import type { IsAllowedOrigin } from './origin.ts';
import { livez, readyz, type Readiness } from './monitoring/health.ts';
import type { CountRequest } from './monitoring/metrics.ts';
import { TIMEOUTS, type Timeouts } from './timeouts.ts';
import { STUDIO_PATH } from './pages/studio.ts';
import { serveSockets, type SocketLimits } from './sockets/websocket.ts';
import type { AddressInfo } from 'node:net';
import type { Authenticate } from '../auth/authenticate.ts';
import type { Log } from '../log/log.ts';
import type { Registry } from 'prom-client';

export type HttpServer = {
  /** Without a trailing slash. */
  readonly url: string;
  /** Ends sockets (with 1001) and event streams, so that their clients reconnect to another instance. */
  endStreams(): Promise<void>;
  /** Accepts no new connections and waits up to `graceMs` for requests, including those whose clients have disconnected. */
  close(graceMs: number): Promise<void>;
};

export type HttpOptions = {
  readonly host: string;
  readonly port: number;
  /** One local user without tokens: requests with a foreign origin are refused before they are read. */
  readonly isLocal: boolean;
  readonly isAllowedOrigin: IsAllowedOrigin;
  readonly socketLimits: SocketLimits;
  readonly timeouts?: Timeouts;
  readonly yoga: Yoga;
  readonly plainQueries: Route;
  readonly maskError: MaskError;
  readonly authenticate: Authenticate;
  readonly webhook: WebhookServices;
  readonly photos: PhotoUploads;
  readonly files: FileDownloads;
  /** Null: there is no page. */
  readonly studio?: Route | null;
  readonly readiness: Readiness;
  readonly metrics: {
    readonly registry: Registry;
    /** Bearer token that readers must send; null: public. */
    readonly token: string | null;
    readonly countRequest: CountRequest;
  };
  readonly log: Log;
};

/** In milliseconds. For the bodies of all routes but photos, other limits are shorter. */
const REQUEST_LIMITS = { requestTimeout: 330_000, headersTimeout: 15_000, connectionsCheckingInterval: 5000 };
const SERVER_OPTIONS = { ...REQUEST_LIMITS, IncomingMessage: UpgradableToWebSocket };

const LOCAL_ONLY =
  'Without authentication, the server accepts only clients and pages on this machine, addressed as localhost.';

/** @throws if the address is not available */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { log, timeouts = TIMEOUTS } = options;
  const inFlight = new InFlight();
  const rawRoutes: readonly (readonly [string, Route])[] = [
    [WEBHOOK_PATH, createFalWebhook(options.webhook)],
    [PHOTO_PATH, createPhotoUpload(options.photos)],
    [FILE_PATH, createFileDownload(options.files)],
  ];
  // Tracked until the response exists: sending it to a disconnected client may never end.
  const adapter = createServerAdapter<Target>((request, target) =>
    inFlight.track(respond(target, request, options)),
  );
  const server = createServer(SERVER_OPTIONS, (request, response) => {
    // The connection has ended: no response can be sent.
    if (!request.socket.writable) return void response.destroy();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    dropUnreadBody(request, response);
    countWhenSent(request, response, options.metrics.countRequest);
    const refusal = refusalOfHead(request) ?? refusalOfOrigin(options, request) ?? refusalOfMethod(request);
    if (refusal !== null) {
      refuse(response, refusal);
      return;
    }
    handle(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'HTTP request failed');
      response.destroy();
    });
  });
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request.url ?? '');
    const isQuery = path === GRAPHQL_PATH && request.method === 'POST';
    const isStudio = path === '/' || isAt(STUDIO_PATH, path);
    const route = isQuery
      ? options.plainQueries
      : isStudio
        ? (options.studio ?? null)
        : (rawRoutes.find(([at]) => isAt(at, path))?.[1] ?? null);
    const read = route === null ? {} : await inFlight.track(route(request, response)).catch(failed);
    if (read !== 'responded') await adapter(request, response, { path, req: request, ...read });
  }
  serveExpectations(server);
  const connections = new ConnectionTracker(server, timeouts);
  const sockets = serveSockets(server, { ...options, limits: options.socketLimits, timeouts, inFlight });
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
      await inFlight.drain(until - performance.now());
    },
  };
}

/** Without tokens, every page in a browser on this machine could act as the local user. */
function refusalOfOrigin(
  { isLocal, isAllowedOrigin }: HttpOptions,
  { url = '', headers }: IncomingMessage,
): HeadRefusal | null {
  if (!isLocal || !isAt(GRAPHQL_PATH, pathOf(url))) return null;
  if (isAllowedOrigin(headers.origin ?? null, headers.host ?? null)) return null;
  return { status: 403, message: LOCAL_ONLY };
}

/** Yoga would take another method for a forged form. */
function refusalOfMethod({ url = '', method = '' }: IncomingMessage): HeadRefusal | null {
  if (pathOf(url) !== GRAPHQL_PATH || GRAPHQL_METHODS.includes(method)) return null;
  return methodNotAllowed(GRAPHQL_METHODS.join(', '));
}

const GRAPHQL_METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'];

function refuse(response: ServerResponse, { status, message, headers }: HeadRefusal): void {
  response.writeHead(status, { ...headers, 'content-type': 'text/plain' }).end(`${message}\n`);
}

function failed(error: unknown): Pick<Target, 'failure'> {
  return { failure: error instanceof Error ? error : new Error(String(error)) };
}

/** Logs and masks the error of a route; the correlation ID identifies its log line. */
async function respond(target: Target, request: Request, routes: HttpOptions): Promise<Response> {
  try {
    return await route(target, request, routes);
  } catch (error) {
    const correlationId = randomUUID();
    routes.log.error({ err: error, correlationId, path: target.path.slice(0, 200) }, 'HTTP route failed');
    return jsonResponse({ error: 'Internal server error.', correlationId }, { status: 500 });
  }
}

/** Routes by the path of the request target: the URL of a Request includes the Host header. */
async function route(
  { path, failure, ...context }: Target,
  request: Request,
  routes: HttpOptions,
): Promise<Response> {
  if (failure !== undefined) throw failure;
  if (isAt(GRAPHQL_PATH, path)) return routes.yoga.handleRequest(request, context);
  const read = PAGES[path];
  if (read === undefined) return jsonResponse({ error: 'Not found.' }, { status: 404 });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const { status, message, headers } = methodNotAllowed('GET, HEAD');
    return jsonResponse({ error: message }, { status, headers });
  }
  return read(routes, request);
}

type Target = ReadRequest & {
  readonly path: string;
  readonly req: IncomingMessage;
  /** Why the request could not be read. */
  readonly failure?: Error;
};

const PAGES: Readonly<
  Record<string, (routes: HttpOptions, request: Request) => Response | Promise<Response>>
> = {
  '/': () => jsonResponse({ service: 'likeness', graphql: GRAPHQL_PATH }),
  '/livez': () => livez(),
  '/readyz': ({ readiness }) => readyz(readiness),
  '/metrics': async ({ metrics: { registry, token } }, { headers }) =>
    isMetricsReader(token, headers.get('authorization'))
      ? new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } })
      : jsonResponse(
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

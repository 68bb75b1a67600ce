import { createYoga, maskError, type YogaServerInstance } from 'graphql-yoga';
import { GraphQLError } from 'graphql';
import { PothosValidationError } from '@pothos/core';
import { randomUUID } from 'node:crypto';
import { badInput, unauthenticated } from '../graphql/builder.ts';
import { ParseCache } from '../graphql/policy/parse-cache.ts';
import { useFormGuard, useDocumentGuard } from '../graphql/policy/document-guard.ts';
import { usePagePolicy } from './security-headers.ts';
import type { IsAllowedOrigin } from './origin.ts';
import { playgroundTabs, withTabsInPlace } from './playground.ts';
import { safeError, shortened } from '../graphql/policy/safe-errors.ts';
import { schema } from '../graphql/schema.ts';
import { useAdmission } from './admission.ts';
import { useExecutionGuard } from '../graphql/policy/execution-guard.ts';
import type { CostLimit } from '../graphql/policy/cost-limit.ts';
import type { Authenticate, Identity } from '../auth/authenticate.ts';
import type { Context, Services } from '../graphql/context.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { Log } from '../log/log.ts';

export const GRAPHQL_PATH = '/graphql';

/** Parsing what cannot be parsed ends early each time; nobody who means well sends it twice. */
const NOTHING_KEPT = { get: () => undefined, set: () => undefined };

export type GraphqlOptions = {
  readonly services: Services;
  readonly authenticate: Authenticate;
  readonly isAllowedOrigin: IsAllowedOrigin;
  readonly showsPlayground: boolean;
  readonly hidesSchema: boolean;
  /** Null: owners may spend as much as they like. */
  readonly costLimit: CostLimit | null;
  readonly sampleImagesUrl: string | null;
  readonly log: Log;
};

/** Set by the WebSocket server, which has looked at the token when the socket was opened. */
export type SocketContext = { readonly socketViewer?: Viewer | null };

export type Yoga = YogaServerInstance<SocketContext, Context>;

export function createGraphqlServer(options: GraphqlOptions): Yoga {
  const { services, isAllowedOrigin, log } = options;
  const identify = identifyWith(options.authenticate);
  return createYoga<SocketContext, Context>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    landingPage: false,
    batching: false,
    plugins: [
      useDocumentGuard(options),
      useFormGuard({ guardsGet: options.hidesSchema }),
      useAdmission({ identify, admitsAnonymous: !options.hidesSchema }),
      useExecutionGuard(options),
      usePagePolicy(),
    ],
    multipart: false,
    // useAdmission bounds bodies.
    maxRequestBodySize: false,
    parserAndValidationCache: { documentCache: new ParseCache(), errorCache: NOTHING_KEPT },
    // What matters of it is logged where errors are masked.
    logging: quietly((level, parts) =>
      log.debug({ said: level, parts: parts.map((part) => shortened(String(part))) }, 'graphql'),
    ),
    cors: (request) => {
      const origin = request.headers.get('origin');
      return isAllowedOrigin(origin, request.headers.get('host'))
        ? { origin: origin ?? '*', credentials: false, exposedHeaders: ['Retry-After'] }
        : false;
    },
    graphiql: !options.showsPlayground
      ? false
      : {
          title: 'Likeness',
          subscriptionsProtocol: 'WS',
          defaultTabs: playgroundTabs(options.sampleImagesUrl),
        },
    // Loaded when first asked for: the page's code is several megabytes.
    renderGraphiQL: async (page) => {
      const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
      return withTabsInPlace(renderGraphiQL(page));
    },
    maskedErrors: { maskError: (error, message) => masked(error, message, options) },
    context: async ({ request, socketViewer }) => ({
      ...services,
      viewer: socketViewer === undefined ? await identify(request) : socketViewer,
    }),
  });
}

/** Remembers who sent a request, so that a token is checked once. */
function identifyWith(authenticate: Authenticate): (request: Request) => Promise<Viewer | null> {
  const viewers = new WeakMap<Request, Promise<Viewer | null>>();
  return (request) => {
    const known = viewers.get(request);
    if (known !== undefined) return known;
    const viewer = authenticate(request.headers.get('authorization')).then(viewerOrThrow);
    viewers.set(request, viewer);
    return viewer;
  };
}

function viewerOrThrow(identity: Identity): Viewer | null {
  switch (identity.kind) {
    case 'viewer':
      return identity.viewer;
    case 'none':
      return null;
    case 'bad':
      throw unauthenticated(`Authentication failed: ${identity.reason}.`);
    case 'unavailable':
      throw new GraphQLError('Tokens cannot be verified: retry later.', {
        extensions: { code: 'SERVICE_UNAVAILABLE', http: { status: 503 } },
      });
  }
}

/**
 * What a client may see of an error: those made for it as they are, a malformed cursor as bad input, and of everything
 * else, which is a fault of ours, only an id that is in the log beside the whole of it.
 */
function masked(error: unknown, message: string, { log, hidesSchema }: GraphqlOptions): Error {
  const original = error instanceof GraphQLError ? error.originalError : error;
  if (original instanceof PothosValidationError) return badInput(shortened(original.message));
  const isMeant = error instanceof GraphQLError && (original == null || original instanceof GraphQLError);
  if (isMeant) return safeError(withoutOriginal(error), hidesSchema);
  const correlationId = randomUUID();
  log.error({ err: original ?? error, correlationId }, 'GraphQL request failed');
  const safe = maskError(error, message, false);
  return new GraphQLError(safe.message, {
    nodes: error instanceof GraphQLError ? (error.nodes ?? null) : null,
    path: error instanceof GraphQLError ? (error.path ?? null) : null,
    extensions: { code: 'INTERNAL_SERVER_ERROR', correlationId },
  });
}

/**
 * A request that cannot be read is a 400 whatever the client accepts. Takes out the parser's own words about bad JSON,
 * which quote the request and help nobody.
 */
function withoutOriginal(error: GraphQLError): GraphQLError {
  const { extensions, message } = error;
  const http = extensions.http as { readonly status?: number } | undefined;
  if (extensions['code'] !== 'BAD_REQUEST' || (http?.status ?? 400) !== 400) return error;
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
}

function quietly(write: (level: string, parts: readonly unknown[]) => void) {
  const at =
    (level: string) =>
    (...parts: unknown[]) =>
      write(level, parts);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

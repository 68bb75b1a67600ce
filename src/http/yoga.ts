import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { GraphQLError, type DocumentNode } from 'graphql';
import { codedError } from '../graphql/errors.ts';
import { randomUUID } from 'node:crypto';
import { CompiledQueries } from '../graphql/compiled-queries.ts';
import { createPlainQueries } from './plain-queries.ts';
import type { Route } from './route.ts';
import { GRAPHQL_PATH } from './graphql-path.ts';
import { ParseCache } from '../graphql/policy/parse-cache.ts';
import { useCsrfProtection } from '../graphql/policy/csrf.ts';
import { useDocumentGuard } from '../graphql/policy/document-guard.ts';
import { useAbandonedStreams } from './abandoned-streams.ts';
import { useDistinctMediaTypes } from './distinct-media-types.ts';
import { usePlaygroundPage } from './pages/playground-page.ts';
import type { IsAllowedOrigin } from './origin.ts';
import { withImages } from './pages/playground-images.ts';
import { playgroundTabs, withTabsInPlace, type Playground } from './pages/playground.ts';
import { StreamTickets } from '../auth/stream-tickets.ts';
import { safeError } from '../graphql/policy/safe-errors.ts';
import { schemaFor } from '../graphql/schema.ts';
import { createGraphqlBodyReader, useAdmission, type AdmissionContext } from './admission.ts';
import { ExecutionGuard, useExecutionGuard } from '../graphql/policy/execution-guard.ts';
import type { CostLimit } from '../graphql/policy/cost-limit.ts';
import type { Authenticate } from '../auth/authenticate.ts';
import type { Context, Services } from '../graphql/context.ts';
import type { Log } from '../log/log.ts';

/** Unparsable documents are not cached: parsing them ends early. */
const NO_CACHE = { get: () => undefined, set: () => undefined };

type GraphqlOptions = {
  readonly services: Omit<Services, 'streamTickets'>;
  readonly authenticate: Authenticate;
  readonly isAllowedOrigin: IsAllowedOrigin;
  /** Null: none. */
  readonly playground: Playground | null;
  readonly hidesSchema: boolean;
  /** Null: no limit per owner. */
  readonly costLimit: CostLimit | null;
  /** For tickets; the same in all instances. */
  readonly ticketSecret: string;
  /** Whether the error is an outage of the database or of the storage. */
  readonly isOutage: (error: unknown) => boolean;
  readonly log: Log;
};

export type Yoga = YogaServerInstance<AdmissionContext, Context>;

/** The error as the client may see it. */
export type MaskError = (error: unknown) => GraphQLError;

type GraphqlServer = {
  readonly yoga: Yoga;
  readonly plainQueries: Route;
  readonly maskError: MaskError;
};

export function createGraphqlServer(options: GraphqlOptions): GraphqlServer {
  const { authenticate, isAllowedOrigin, hidesSchema } = options;
  const services = { ...options.services, streamTickets: new StreamTickets(options.ticketSecret) };
  const maskError: MaskError = (error) => masked(error, options);
  const schema = schemaFor(services.deps.catalog);
  const readBody = createGraphqlBodyReader();
  const guard = new ExecutionGuard(options);
  const documents = new ParseCache();
  let playground: Promise<string> | null = null;
  const yoga = createYoga<AdmissionContext, Context>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    landingPage: false,
    batching: false,
    plugins: [
      useDocumentGuard({ hidesSchema }),
      useCsrfProtection({ guardsGet: hidesSchema }),
      useAdmission({
        authenticate,
        admitsAnonymous: !hidesSchema,
        readBody,
        streamTickets: services.streamTickets,
      }),
      useExecutionGuard(guard),
      useAbandonedStreams(),
      useDistinctMediaTypes(),
      usePlaygroundPage(options.playground?.imageOrigins ?? []),
    ],
    multipart: false,
    // useAdmission limits bodies.
    maxRequestBodySize: false,
    parserAndValidationCache: { documentCache: documents, errorCache: NO_CACHE },
    // masked() logs the errors.
    logging: false,
    cors: (request) => {
      const origin = request.headers.get('origin');
      return isAllowedOrigin(origin, request.headers.get('host'))
        ? { origin: origin ?? '*', credentials: false, exposedHeaders: ['Retry-After'] }
        : false;
    },
    graphiql: options.playground !== null && {
      title: 'Likeness',
      subscriptionsProtocol: 'WS',
      defaultTabs: playgroundTabs(options.playground.simulator?.samplePhotosUrl ?? null),
    },
    // Loaded on first use: the page has several megabytes of code.
    renderGraphiQL: (page) =>
      (playground ??= import('@graphql-yoga/render-graphiql').then(({ renderGraphiQL }) =>
        withImages(withTabsInPlace(renderGraphiQL(page))),
      )),
    maskedErrors: { maskError },
    context: ({ viewer = null, subscribesOnly = false, req, host = req?.headers.host }) => ({
      ...services,
      viewer,
      subscribesOnly,
      host,
    }),
  });
  const plainQueries = createPlainQueries({
    schema,
    services,
    authenticate,
    isAllowedOrigin,
    readBody,
    guard,
    queries: new CompiledQueries(schema),
    maskError,
    validDocument(text) {
      // Yoga has parsed it and found it valid or not, so both steps are in its cache.
      if (!documents.has(text)) return null;
      const enveloped = yoga.getEnveloped({ viewer: null });
      const document = enveloped.parse(text) as DocumentNode;
      const errors = enveloped.validate(schema, document) as readonly GraphQLError[];
      return errors.length === 0 ? document : null;
    },
  });
  return { yoga, plainQueries, maskError };
}

/**
 * The error as the client may see it: errors made for clients unchanged, and every other error as a correlation ID that
 * identifies its log line, with a separate code for an outage of the database or the storage.
 */
function masked(error: unknown, { log, hidesSchema, isOutage }: GraphqlOptions): GraphQLError {
  const original = error instanceof GraphQLError ? error.originalError : error;
  const isMeant = error instanceof GraphQLError && (original == null || original instanceof GraphQLError);
  if (isMeant) return safeError(withoutOriginal(error), hidesSchema);
  const correlationId = randomUUID();
  log.error({ err: original ?? error, correlationId }, 'GraphQL request failed');
  const { nodes = null, path = null } = error instanceof GraphQLError ? error : {};
  const [code, message, extensions] = isOutage(original ?? error) ? OUTAGE : UNEXPECTED;
  return codedError(code, message, { ...extensions, correlationId }, { nodes, path });
}

const UNEXPECTED = ['INTERNAL_SERVER_ERROR', 'Unexpected error.', {}] as const;

const OUTAGE = [
  'SERVICE_UNAVAILABLE',
  'The database or the storage is unavailable: retry later. A mutation may have been saved; repeat it with the same idempotencyKey.',
  { http: { status: 503, headers: { 'Retry-After': '1' } } },
] as const;

/**
 * An unreadable request is a 400 for every Accept header. Removes the JSON parser's message, which quotes the request.
 */
function withoutOriginal(error: GraphQLError): GraphQLError {
  const { extensions, message } = error;
  const http = extensions.http as { readonly status?: number } | undefined;
  if (extensions['code'] !== 'BAD_REQUEST' || (http?.status ?? 400) !== 400) return error;
  return codedError('BAD_REQUEST', message, { http: { status: 400 } });
}

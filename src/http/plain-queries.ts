import { fewErrors } from '../graphql/policy/safe-errors.ts';
import { GRAPHQL_PATH } from './graphql-path.ts';
import type { ReadGraphqlBody } from './admission.ts';
import type { Authenticate } from '../auth/authenticate.ts';
import type { CompiledQueries, PlainQuery } from '../graphql/compiled-queries.ts';
import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import type { ExecutionGuard } from '../graphql/policy/execution-guard.ts';
import type { IncomingMessage } from 'node:http';
import type { IsAllowedOrigin } from './origin.ts';
import type { Route } from './route.ts';
import type { Context, Services } from '../graphql/context.ts';

type PlainQueryOptions = {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticate: Authenticate;
  readonly isAllowedOrigin: IsAllowedOrigin;
  readonly readBody: ReadGraphqlBody;
  readonly guard: ExecutionGuard;
  readonly queries: CompiledQueries;
  /** The document of a text that Yoga has found valid; null if there is none. */
  readonly validDocument: (text: string) => DocumentNode | null;
  readonly maskError: (error: GraphQLError) => GraphQLError;
};

/**
 * Responds to repeated queries of authenticated callers without Yoga, whose adapter makes a Request, a Response, streams
 * and abort signals for each of them: 0.3 ms of CPU. Every other request, and every result with errors, is left to Yoga.
 */
export function createPlainQueries(options: PlainQueryOptions): Route {
  const { schema, services, authenticate, isAllowedOrigin, readBody, guard } = options;
  const { queries, validDocument, maskError } = options;

  return async (request, response) => {
    const mediaType = mediaTypeOf(request);
    if (mediaType === null) return {};
    const { authorization, origin, host } = request.headers;
    const identity = await authenticate(authorization ?? null);
    if (identity.kind !== 'viewer') return { identity };
    const body = await readBody(request, identity.viewer);
    const parameters = body.kind === 'read' ? parametersIn(body.bytes) : null;
    const query = parameters && queries.find(parameters.query, parameters.operationName, validDocument);
    if (parameters === null || query === null) return { identity, body };
    const result = await run(query, parameters.variables, { viewer: identity.viewer, host });
    if (result.errors !== undefined) return { identity, body, result };

    // Once to bytes: Node would measure the text, join it with the head and encode it.
    const bytes = Buffer.from(JSON.stringify(result));
    response.writeHead(200, {
      'content-type': `${mediaType}; charset=utf-8`,
      'content-length': bytes.byteLength,
      ...(origin !== undefined && isAllowedOrigin(origin, host ?? null)
        ? { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'Retry-After' }
        : {}),
    });
    response.end(bytes);
    return 'responded';
  };

  async function run(
    query: PlainQuery,
    variableValues: Variables,
    caller: Pick<Context, 'viewer' | 'host'>,
  ): Promise<ExecutionResult> {
    const { document, operation } = query;
    const contextValue = { ...services, ...caller };
    const operationName = operation.name?.value;
    const admission = guard.admit({ schema, document, operationName, variableValues, contextValue });
    if ('refusal' in admission) return { errors: [admission.refusal] };
    const result = await guard.execute(admission, () => query.execute(contextValue, variableValues));
    if (result.errors === undefined) return result;
    return { ...result, errors: fewErrors(result.errors).map(maskError) };
  }
}

type Variables = Readonly<Record<string, unknown>>;

/** The media type of the response to a request for a single JSON result; null for every other request. */
function mediaTypeOf({ url, headers }: IncomingMessage): string | null {
  if (url !== GRAPHQL_PATH || headers['content-encoding'] !== undefined) return null;
  if (!/^application\/json(?:; ?charset=(?:utf-8|UTF-8))?$/.test(headers['content-type'] ?? '')) return null;
  // The first one that fits: Yoga ignores weights.
  for (const accepted of (headers.accept ?? '*/*').toLowerCase().split(',')) {
    const [type = '', ...parameters] = accepted.split(';').map((part) => part.trim());
    if (parameters.some((one) => one.includes('charset') && one !== 'charset=utf-8')) continue;
    if (type === 'application/graphql-response+json') return type;
    if (type === 'application/json' || type === 'application/*' || type === '*/*') return 'application/json';
  }
  return null;
}

type Parameters = {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: Variables;
};

/** Null for a body that is not a GraphQL request, or an unusual one. */
function parametersIn(bytes: Buffer): Parameters | null {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString());
  } catch {
    return null;
  }
  if (!isObject(body)) return null;
  const { query, operationName = null, variables, extensions, ...others } = body;
  if (typeof query !== 'string' || Object.keys(others).length > 0) return null;
  if (operationName !== null && typeof operationName !== 'string') return null;
  if (extensions != null && !isObject(extensions)) return null;
  if (variables != null && !isObject(variables)) return null;
  return { query, operationName, variables: variables ?? {} };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

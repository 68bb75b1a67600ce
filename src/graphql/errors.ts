import { GraphQLError, type GraphQLErrorOptions } from 'graphql';

/** Codes that this server gives to top-level errors; Yoga gives others. docs/api.md describes both. */
export const TOP_LEVEL_CODES = [
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'REQUEST_TIMEOUT',
  'REQUEST_ENTITY_TOO_LARGE',
  'OPERATION_TOO_LARGE',
  'INVALID_INPUT',
  'LIMIT_EXCEEDED',
  'NOT_FOUND',
  'CURSOR_EXPIRED',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
] as const;
export type TopLevelCode = (typeof TOP_LEVEL_CODES)[number];

/** @param extensions in addition to the code; `http` has the status and the headers of the response */
export function codedError(
  code: TopLevelCode,
  message: string,
  extensions: object = {},
  place: Pick<GraphQLErrorOptions, 'nodes' | 'path'> = {},
): GraphQLError {
  return new GraphQLError(message, { ...place, extensions: { code, ...extensions } });
}

export function unauthenticated(
  message = 'Authentication required: send a valid bearer token.',
): GraphQLError {
  const http = { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } };
  return codedError('UNAUTHENTICATED', message, { http });
}

/** For arguments of queries and subscriptions, which have no result union. */
export function badInput(message: string): GraphQLError {
  return codedError('INVALID_INPUT', message);
}

export function notFoundError(): GraphQLError {
  return codedError('NOT_FOUND', 'Not found.');
}

/** A request that cannot be executed: 400, but 200 for application/json, as GraphQL over HTTP has it. */
export const REQUEST_ERROR = { status: 400, spec: true } as const;

export function tooLarge(message: string): GraphQLError {
  return codedError('OPERATION_TOO_LARGE', message, { http: REQUEST_ERROR });
}

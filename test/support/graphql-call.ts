import type { GraphQLFormattedError } from 'graphql';
import { exchange } from './http-exchange.ts';
import type { TypedDocumentString } from '../../src/generated/contract/graphql.ts';

export type Call = {
  readonly query: string;
  readonly variables: unknown;
};

/** What came back, whatever it was. */
export type Answer<R> = {
  readonly status: number;
  readonly headers: Headers;
  /** As it came. */
  readonly text: string;
  readonly data: R | null;
  readonly errors: readonly GraphQLFormattedError[];
};

export type CallOptions = {
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | null;
};

/** Asks over HTTP and gives the answer as it is. Throws when it is no GraphQL answer at all. */
export async function ask<R, V>(
  url: string,
  document: TypedDocumentString<R, V>,
  variables: V,
  { token, headers = {}, signal = null }: CallOptions = {},
): Promise<Answer<R>> {
  const call = { query: document.toString(), variables };
  const { status, text, ...response } = await exchange(url, {
    signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(call),
  });
  let body: { readonly data?: R | null; readonly errors?: readonly GraphQLFormattedError[] };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    throw new Error(`The answer is not JSON.\n${shown(call, status, text)}`);
  }
  return { status, headers: response.headers, text, data: body.data ?? null, errors: body.errors ?? [] };
}

/** A call with its answer, for people who have to find out what went wrong. */
export function shown({ query, variables }: Call, status: number, text: string): string {
  return `${query.trim()}\nvariables: ${JSON.stringify(variables, null, 2)}\nHTTP ${status}\n${text}`;
}

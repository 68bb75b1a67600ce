import { errorFrom, LikenessError, type GraphqlError } from './errors.ts';
import type { Tokens } from './tokens.ts';

export type Operation = {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
};

/** The answer to an operation, as GraphQL has it. */
export type Result<Data> = {
  readonly data?: Data | null;
  readonly errors?: readonly GraphqlError[];
};

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type Posted = {
  readonly response: Response;
  /** Takes note of a refused token, and returns the error. */
  readonly noted: (error: LikenessError) => LikenessError;
};

const JSON_TYPES = 'application/graphql-response+json, application/json';

export class Http {
  readonly #url: string;
  readonly #fetch: Fetch;
  readonly #tokens: Tokens;

  constructor(url: string, fetch: Fetch, tokens: Tokens) {
    this.#url = url;
    this.#fetch = fetch;
    this.#tokens = tokens;
  }

  /** Throws LikenessError without an answer, and the reason of `signal` when it is aborted. */
  async post(operation: Operation, accept: string, signal: AbortSignal | undefined): Promise<Posted> {
    const token = await this.#tokens.get();
    signal?.throwIfAborted();
    const response = await this.#fetch(this.#url, {
      method: 'POST',
      headers: {
        accept,
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(operation),
      ...(signal === undefined ? {} : { signal }),
    }).catch(unlessAborted(signal));
    if (response.ok) this.#tokens.accept(token);
    const noted = (error: LikenessError) => {
      if (error.code === 'UNAUTHENTICATED') this.#tokens.refuse(token);
      return error;
    };
    return { response, noted };
  }

  /** The answer to an operation, errors included. */
  async execute<Data>(operation: Operation, signal?: AbortSignal): Promise<Result<Data> & ErrorSource> {
    const { response, noted } = await this.post(operation, JSON_TYPES, signal);
    const result = await resultOf<Data>(response, signal);
    return { ...result, error: (errors) => noted(errorFrom(errors, detailsOf(response))) };
  }

  /** The data of an operation. Throws its errors as LikenessError. */
  async ask<Data>(operation: Operation, signal?: AbortSignal): Promise<Data> {
    const { data, errors = [], error } = await this.execute<Data>(operation, signal);
    if (errors.length > 0 || data == null) throw error(errors);
    return data;
  }
}

type ErrorSource = { readonly error: (errors: readonly GraphqlError[]) => LikenessError };

/** Reads a result that is not an event stream. Throws BAD_RESPONSE. */
export async function resultOf<Data>(
  response: Response,
  signal: AbortSignal | undefined,
): Promise<Result<Data>> {
  const text = await response.text().catch(unlessAborted(signal));
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body === 'object' && body !== null && ('data' in body || 'errors' in body))
      return body as Result<Data>;
  } catch {
    // Below: a proxy may answer with a page.
  }
  const message = `The answer (HTTP status ${response.status}) is not a GraphQL result.`;
  throw new LikenessError('BAD_RESPONSE', message, detailsOf(response));
}

export function detailsOf({ status, headers }: Response): {
  readonly status: number;
  readonly retryAfter: number | null;
} {
  const seconds = Number.parseInt(headers.get('retry-after') ?? '', 10);
  return { status, retryAfter: Number.isNaN(seconds) ? null : seconds };
}

export function unlessAborted(signal: AbortSignal | undefined): (cause: unknown) => never {
  return (cause) => {
    signal?.throwIfAborted();
    throw new LikenessError('NETWORK_ERROR', 'The server cannot be reached, or the connection broke.', {
      cause,
    });
  };
}

import { createClient, type Client as SocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { readOperations, type Operations } from './operations.ts';

type Answer<Data> = {
  readonly data?: Data | null | undefined;
  readonly errors?: readonly { readonly message: string }[] | undefined;
};

/** A client of the API: mutations over HTTP, subscriptions over one WebSocket. */
export class ApiClient {
  readonly #url: string;
  readonly #textOf: (name: keyof Operations) => string;
  readonly #socket: SocketClient;

  private constructor(url: string, textOf: (name: keyof Operations) => string) {
    this.#url = url;
    this.#textOf = textOf;
    this.#socket = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      // Without retries a lost connection ends the demo with a message.
      retryAttempts: 0,
    });
  }

  static async connect(graphqlUrl: string): Promise<ApiClient> {
    return new ApiClient(graphqlUrl, await readOperations());
  }

  /** Rejects when the API is unreachable or returns errors. Refusals are data. */
  async send<Name extends keyof Operations>(
    name: Name,
    variables: Operations[Name]['variables'],
  ): Promise<Operations[Name]['data']> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: this.#textOf(name), variables }),
    });
    return dataOf(name, (await response.json()) as Answer<Operations[Name]['data']>);
  }

  /** Ends with the subscription, with its reader and at close(). */
  async *watch<Name extends keyof Operations>(
    name: Name,
    variables: Operations[Name]['variables'],
  ): AsyncGenerator<Operations[Name]['data'], void, undefined> {
    const payload = { query: this.#textOf(name), variables };
    for await (const answer of this.#socket.iterate<Operations[Name]['data']>(payload)) {
      yield dataOf<Operations[Name]['data']>(name, answer);
    }
  }

  async close(): Promise<void> {
    await this.#socket.dispose();
  }
}

function dataOf<Data>(name: string, { data, errors }: Answer<Data>): Data {
  if (errors !== undefined && errors.length > 0) {
    throw new Error(`${name} failed: ${errors.map(({ message }) => message).join('; ')}`);
  }
  if (data == null) throw new Error(`${name} was answered without data`);
  return data;
}

/** The payload of a mutation. @throws its refusal */
export function accepted<Result extends { readonly __typename: string }, Name extends string>(
  result: Result,
  wanted: Name & Result['__typename'],
): Extract<Result, { readonly __typename: Name }> {
  if (isOf(result, wanted)) return result;
  const { code, message } = result as { readonly code?: unknown; readonly message?: unknown };
  throw new Error(`Expected ${wanted}, got ${result.__typename}: ${String(code)}, ${String(message)}`);
}

function isOf<Result extends { readonly __typename: string }, Name extends string>(
  result: Result,
  wanted: Name,
): result is Extract<Result, { readonly __typename: Name }> {
  return result.__typename === wanted;
}

import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { GraphQLFormattedError } from 'graphql';
import type { Call } from './graphql-call.ts';
import type { Sink, Transport } from './watch.ts';

/** A client of its own, which never connects a second time: what a server does to a socket has to be seen. */
export function openSocket(graphqlUrl: string, token?: string): Client {
  return createClient({
    url: graphqlUrl.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    lazy: true,
    retryAttempts: 0,
    ...(token === undefined ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
    onNonLazyError: () => undefined,
  });
}

/** @param shared several subscriptions over one socket; left out: a socket for this one alone */
export function overWs(graphqlUrl: string, call: Call, token?: string, shared?: Client): Transport {
  return (sink) => {
    const client = shared ?? openSocket(graphqlUrl, token);
    const { query, variables } = call;
    let stop = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      stop = client.subscribe(
        { query, variables: variables as Record<string, unknown> },
        {
          next: ({ data, errors }) => {
            if (errors !== undefined) sink.failed(errors);
            else sink.next(data);
          },
          error: (error) => {
            tell(sink, error);
            resolve();
          },
          complete: () => {
            sink.ended();
            resolve();
          },
        },
      );
    });
    return async () => {
      stop();
      await over;
      if (shared === undefined) await client.dispose();
    };
  };
}

function tell(sink: Sink, error: unknown): void {
  if (Array.isArray(error)) {
    sink.failed(error as GraphQLFormattedError[]);
    return;
  }
  if (typeof error === 'object' && error !== null && 'code' in error) sink.ended(Number(error.code));
  else sink.failed([{ message: String(error) }]);
}

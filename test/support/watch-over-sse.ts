import type { GraphQLFormattedError } from 'graphql';
import type { Call } from './graphql-call.ts';
import type { Sink, Transport } from './watch.ts';

type Result = { readonly data?: unknown; readonly errors?: readonly GraphQLFormattedError[] };

/** GraphQL over server-sent events, "distinct connections mode": one request, one stream. */
export function overSse(graphqlUrl: string, call: Call, token?: string): Transport {
  return (sink) => {
    const leaving = new AbortController();
    const over = read(graphqlUrl, { call, token, sink, signal: leaving.signal });
    return async () => {
      leaving.abort();
      await over;
    };
  };
}

async function read(
  url: string,
  asked: {
    readonly call: Call;
    readonly token: string | undefined;
    readonly sink: Sink;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { call, token, sink, signal } = asked;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(call),
      signal,
    });
    if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
      sink.failed(((await response.json()) as Result).errors ?? []);
      return;
    }
    let isComplete = false;
    for await (const event of eventsIn(response)) {
      isComplete ||= event.name === 'complete';
      tell(sink, event);
    }
    sink.ended(isComplete ? undefined : 'cut');
  } catch (error) {
    if (signal.aborted) sink.ended();
    else sink.failed([{ message: String(error) }]);
  }
}

function tell(sink: Sink, { name, data }: { readonly name: string; readonly data: string }): void {
  if (name !== 'next') return;
  const result = JSON.parse(data) as Result;
  if (result.errors !== undefined) sink.failed(result.errors);
  else sink.next(result.data);
}

async function* eventsIn(response: Response): AsyncGenerator<{ name: string; data: string }> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) =>
        block.flatMap((line) => (line.startsWith(`${name}:`) ? line.slice(name.length + 1).trim() : []));
      const name = field('event')[0];
      // Without a name it is a comment that keeps the connection open.
      if (name !== undefined) yield { name, data: field('data').join('\n') };
    }
  }
}

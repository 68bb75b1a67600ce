import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
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
  const { sink, signal } = asked;
  try {
    const response = await post(url, asked);
    response.setEncoding('utf8');
    if (response.headers['content-type']?.startsWith('text/event-stream') !== true) {
      let text = '';
      for await (const chunk of response) text += chunk as string;
      sink.failed((JSON.parse(text) as Result).errors ?? []);
      return;
    }
    let isComplete = false;
    for await (const event of eventsIn(response)) {
      isComplete ||= event.name === 'complete';
      tell(sink, event);
    }
    sink.ended(isComplete ? undefined : 'cut');
  } catch (error) {
    if (!signal.aborted && !isCut(error)) sink.failed([{ message: String(error) }]);
    else sink.ended(signal.aborted ? undefined : 'cut');
  }
}

/** True for what reading a stream throws whose connection was closed before its end. */
function isCut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

/** Not through fetch: it opens a second connection when a stream is left, and keeps that open for seconds. */
async function post(
  url: string,
  {
    call,
    token,
    signal,
  }: { readonly call: Call; readonly token: string | undefined; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const sent = request(url, {
    method: 'POST',
    agent: false,
    signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  sent.end(JSON.stringify(call));
  const [response] = await answered;
  // An error after the answer has begun is the reader's to see; this one would end the process.
  sent.on('error', () => undefined);
  return response;
}

function tell(sink: Sink, { name, data }: { readonly name: string; readonly data: string }): void {
  if (name !== 'next') return;
  const result = JSON.parse(data) as Result;
  if (result.errors !== undefined) sink.failed(result.errors);
  else sink.next(result.data);
}

async function* eventsIn(response: IncomingMessage): AsyncGenerator<{ name: string; data: string }> {
  let text = '';
  for await (const chunk of response) {
    text += chunk as string;
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

import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/** Asks for more than a client usually would, so that what is not read has some weight. */
const WATCH = 'subscription ($id: ID) { avatarStatus(avatarId: $id) { version falResponseData } }';

/** A subscriber whose connection can stop taking anything, the way a suspended laptop does. */
export type Reader = {
  /** Every version it got, in order. */
  readonly versions: readonly number[];
  /** How it ended: a WebSocket's close code, or whether the stream came to its end; null while it is there. */
  readonly ended: () => number | 'cut' | 'complete' | null;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Leaves without a word. */
  readonly drop: () => void;
};

export type ReaderOptions = {
  readonly avatarId: string | null;
  /** A port of this machine to go through, in place of the server's own. */
  readonly through?: number | undefined;
};

/** Resolves when the first state is there. */
export async function openReader(
  over: 'ws' | 'sse',
  graphqlUrl: string,
  { avatarId, through }: ReaderOptions,
): Promise<Reader> {
  const url = new URL(graphqlUrl);
  if (through !== undefined) url.port = String(through);
  const payload = { query: WATCH, variables: { id: avatarId } };
  return over === 'ws' ? overWebSocket(url, payload) : overStream(url, payload);
}

async function overWebSocket(url: URL, payload: object): Promise<Reader> {
  const socket = new WebSocket(String(url).replace(/^http/, 'ws'), 'graphql-transport-ws');
  const versions: number[] = [];
  let ended: number | null = null;
  const first = firstState();
  socket.on('message', (data: Buffer) => {
    const { type, payload: result } = JSON.parse(data.toString()) as { type: string; payload?: unknown };
    if (type === 'connection_ack') socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload }));
    if (type !== 'next') return;
    first.tell(result, versions);
  });
  socket.on('error', () => undefined);
  socket.on('close', (code) => (ended = code));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await first.isThere;
  return {
    versions,
    ended: () => ended,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    drop: () => socket.terminate(),
  };
}

async function overStream(url: URL, payload: object): Promise<Reader> {
  const sent = request(url, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
  });
  sent.end(JSON.stringify(payload));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  sent.on('error', () => undefined);
  const versions: number[] = [];
  let ended: 'cut' | 'complete' | null = null;
  let text = '';
  const first = firstState();
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) continue;
      first.tell(JSON.parse(data), versions);
    }
  });
  response.on('error', () => undefined);
  response.on('close', () => (ended = response.complete ? 'complete' : 'cut'));
  await first.isThere;
  return {
    versions,
    ended: () => ended,
    pause: () => response.pause(),
    resume: () => response.resume(),
    drop: () => response.destroy(),
  };
}

/** Takes what comes, and tells whether the first of it is a state. */
function firstState() {
  let settle = { there: (): void => undefined, never: (_error: Error): void => undefined };
  const isThere = new Promise<void>((there, never) => (settle = { there, never }));
  const tell = (result: unknown, versions: number[]) => {
    const { data, errors } = result as { data?: { avatarStatus?: { version: number } }; errors?: unknown };
    const version = data?.avatarStatus?.version;
    if (version === undefined) {
      settle.never(new Error(`No state came: ${JSON.stringify(errors)}`));
      return;
    }
    versions.push(version);
    settle.there();
  };
  return { isThere, tell };
}

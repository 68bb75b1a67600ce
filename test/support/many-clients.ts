// node --import tsx test/support/many-clients.ts <options as JSON>: so many subscribers, each of which comes again within a
// second whenever it is cut off, for ever. Four times a second it prints how many of them hold which version.
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { printLine } from './print-line.ts';

export type ManyClientsOptions = {
  readonly graphqlUrl: string;
  readonly webSockets: number;
  readonly streams: number;
  /** Taken in turns. */
  readonly subjects: readonly { readonly avatarId: string; readonly token: string }[];
};

/** How many clients with a connection hold which version; `none` have no connection, or nothing came over it yet. */
export type Held = Readonly<Record<string, number>>;

const COME_AGAIN_WITHIN_MS = 1000;
const REPORT_EVERY_MS = 250;
const WATCH = 'subscription ($id: ID) { avatarStatus(avatarId: $id) { version } }';

const { graphqlUrl, webSockets, streams, subjects } = JSON.parse(process.argv[2] ?? '') as ManyClientsOptions;
const held = new Array<number | null>(webSockets + streams).fill(null);

for (let index = 0; index < held.length; index += 1) {
  void stay(index, index < webSockets ? overWebSocket : overStream);
}
setInterval(() => {
  const counts: Record<string, number> = {};
  for (const version of held) counts[version ?? 'none'] = (counts[version ?? 'none'] ?? 0) + 1;
  printLine(JSON.stringify(counts));
}, REPORT_EVERY_MS);

type Tell = (version: number) => void;

async function stay(index: number, watch: (subject: number, tell: Tell) => Promise<void>): Promise<void> {
  for (;;) {
    await pause(Math.random() * COME_AGAIN_WITHIN_MS);
    await watch(index % subjects.length, (version) => (held[index] = version));
    held[index] = null;
  }
}

/** Resolves when the connection is over. */
function overWebSocket(subject: number, tell: Tell): Promise<void> {
  const { avatarId, token } = subjects[subject] ?? { avatarId: '', token: '' };
  const socket = new WebSocket(graphqlUrl.replace(/^http/, 'ws'), 'graphql-transport-ws');
  const message = (content: object) => socket.send(JSON.stringify(content));
  socket.on('open', () =>
    message({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
  );
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text.includes('"connection_ack"')) {
      message({ type: 'subscribe', id: '1', payload: { query: WATCH, variables: { id: avatarId } } });
    }
    tellVersionIn(text, tell);
  });
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

function overStream(subject: number, tell: Tell): Promise<void> {
  const { avatarId, token } = subjects[subject] ?? { avatarId: '', token: '' };
  return new Promise((resolve) => {
    const sent = request(graphqlUrl, {
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
      },
    });
    sent.on('error', () => resolve());
    sent.on('response', (response) => {
      response.setEncoding('utf8').on('data', (text: string) => tellVersionIn(text, tell));
      response.on('error', () => undefined);
      response.on('close', () => resolve());
    });
    sent.end(JSON.stringify({ query: WATCH, variables: { id: avatarId } }));
  });
}

function tellVersionIn(text: string, tell: Tell): void {
  const version = /"version":(\d+)/.exec(text)?.[1];
  if (version !== undefined) tell(Number(version));
}

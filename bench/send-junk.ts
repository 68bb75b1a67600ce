// In a process of its own, so that sending takes no time from measuring. Gets a JunkOrder as its first message, sends
// until it gets another, and answers that with a JunkReport.
import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';
import { headersOf, newSigner, signatureOf } from '../test/support/signing.ts';
import { JUNK, type JunkKind, type JunkOrder, type JunkReport } from './junk.ts';

const TICK_MS = 5;
/** More than the server takes. */
const TOO_LARGE = 5_000_001;
const MIN_MS = 1000;
/** With more than this unanswered it waits: a machine that stands still should not run out of sockets for it. */
const MAX_UNDER_WAY = 500;

const stranger = newSigner();
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const failures: Record<string, number> = {};
let [sent, answered, underWay] = [0, 0, 0];

/** Signing costs as much as verifying, so what is signed is used again; nothing about it is remembered by anyone. */
const signed = Array.from({ length: 200 }, () => {
  const requestId = randomUUID();
  const body = Buffer.from(JSON.stringify({ request_id: requestId, status: 'OK', payload: { a: 1 } }));
  const timestamp = String(Math.floor(Date.now() / 1000));
  const message = { requestId, userId: 'somebody', timestamp, body };
  return { body, headers: Object.fromEntries(headersOf(message, signatureOf(message, stranger))) };
});

function send(base: string, kind: JunkKind): void {
  sent += 1;
  underWay += 1;
  const failed = (why: string) => (failures[`${kind}: ${why}`] = (failures[`${kind}: ${why}`] ?? 0) + 1);
  const { path, body, ...options } = junkOf(kind);
  const sending = request(new URL(path, base), { method: 'POST', agent, ...options });
  let isAnswered = false;
  sending.on('response', (response: IncomingMessage) => {
    isAnswered = true;
    answered += 1;
    if (response.statusCode !== JUNK[kind]) failed(String(response.statusCode));
    response.resume();
    // The rest of what was announced never comes.
    if (body === null) response.once('end', () => sending.destroy());
  });
  sending.on('close', () => (underWay -= 1));
  sending.on('error', (error) => {
    if (isAnswered) return;
    // The server had closed the connection, as it may: that is no request of ours that failed.
    if (sending.reusedSocket && 'code' in error && error.code === 'ECONNRESET') sent -= 1;
    else failed(error.message);
  });
  if (body === null) sending.flushHeaders();
  else sending.end(body);
}

/** @returns a null body where more is announced than is sent */
function junkOf(kind: JunkKind): RequestOptions & { path: string; body: Buffer | string | null } {
  const path = `/webhooks/fal/${randomBytes(16).toString('hex')}`;
  switch (kind) {
    case 'of bad form':
      return { path, body: '{"junk":true}', headers: { 'x-fal-webhook-signature': 'junk' } };
    case 'signed by nobody we know': {
      const message = signed[sent % signed.length];
      return { path, body: message?.body ?? '', headers: message?.headers ?? {} };
    }
    case 'to paths that do not exist':
      return { path: `${path}/junk`, body: '{}' };
    case 'with a body too large':
      return { path, body: null, agent: false, headers: { 'content-length': TOO_LARGE } };
  }
}

process.once('message', ({ url, kinds, perSecond }: JunkOrder) => {
  const began = performance.now();
  const ticking = setInterval(() => {
    const due = ((performance.now() - began) * perSecond) / 1000;
    while (sent < due && underWay < MAX_UNDER_WAY) send(url, kinds[sent % kinds.length] ?? 'of bad form');
  }, TICK_MS);
  process.once('message', () => {
    clearInterval(ticking);
    const seconds = Math.max(performance.now() - began, MIN_MS) / 1000;
    const report: JunkReport = { perSecond: Math.round(sent / seconds), answered, failures };
    process.send?.(report, () => process.exit(0));
  });
});

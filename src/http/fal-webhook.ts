import { BODY_SHARES, BodyBudget } from './body-budget.ts';
import { declaredLength, withBody } from './read-body.ts';
import { readSignedHeaders, readWebhook, type GenuineWebhook } from '../fal/read-webhook.ts';
import { pathOf } from './request-head.ts';
import { sendJson } from './send-json.ts';
import { withTimeout } from '../async/with-timeout.ts';
import type { LogThrottle } from '../log/log-throttle.ts';
import { handleWebhook, requestPoll, storeUnreadable, type WebhookDeps } from '../jobs/handle-webhook.ts';
import type { IncomingMessage } from 'node:http';
import type { Route } from './route.ts';
import type { WebhookKeys } from '../fal/webhook-keys.ts';
import type { Log } from '../log/log.ts';

export const WEBHOOK_PATH = '/webhooks/fal';

/** fal documents no limit. A result with its logs is far smaller. */
const MAX_BODY_BYTES = 5_000_000;
/** fal's timeout for the first delivery is 15 s. */
const BODY_TIMEOUT_MS = 10_000;
/** More than the database records in RECORD_TIMEOUT_MS. */
const MAX_RECORDING = 1000;
/** The database driver notices a silent database much later. */
const RECORD_TIMEOUT_MS = 4500;

export type WebhookServices = {
  readonly keys: Pick<WebhookKeys, 'current' | 'refreshed'>;
  readonly accountId: string | null;
  /** Whether this deployment made the token of a callback URL. Reads no database. */
  readonly isOurToken: (token: string) => boolean;
  readonly deps: WebhookDeps;
  readonly log: Log;
  readonly refusals: LogThrottle;
  readonly count: (outcome: WebhookOutcome) => void;
};

/** Status and text by outcome. fal retries unless it gets a 2xx, and takes a redirect for a final failure. */
const RESPONSES = {
  applied: [200, 'applied'],
  ignored: [200, 'ignored'],
  conflict: [200, 'conflict'],
  // Stored; the run is polled. A retry would not be readable either.
  unreadable: [200, 'unreadable'],
  // One text, so that a forger does not learn which check failed.
  malformed: [401, 'rejected'],
  'other-account': [401, 'rejected'],
  stale: [401, 'rejected'],
  'bad-signature': [401, 'rejected'],
  'unknown-job': [404, 'unknown'],
  mismatch: [404, 'unknown'],
  'bad-path': [404, 'unknown'],
  'not-post': [405, 'POST only'],
  'too-slow': [408, 'too-slow'],
  broken: [408, 'broken'],
  'too-large': [413, 'too-large'],
  'no-room': [503, 'try again'],
  'no-keys': [503, 'try again'],
  failed: [503, 'try again'],
} as const;

export type WebhookOutcome = keyof typeof RESPONSES;

/** A webhook whose headers, account, time or signature is not accepted. */
type Rejection = Extract<WebhookOutcome, 'malformed' | 'other-account' | 'stale' | 'bad-signature'>;

const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  405: { Allow: 'POST' },
  503: { 'Retry-After': '30' },
};

type Room = {
  readonly callback: BodyBudget;
  readonly webhook: BodyBudget;
  /** Webhooks that wait for the database. */
  recording: number;
};

/**
 * fal's webhook endpoint. Cheap checks come first: method, path, declared length, headers, room for the body, signature
 * over the raw bytes, JSON, job. Responds with 2xx only when the message is committed or can never be used. It has Node's
 * own request: a Request made of it takes 0.2 ms of CPU.
 */
export function createFalWebhook(services: WebhookServices): Route {
  const room = {
    callback: new BodyBudget(BODY_SHARES.callback),
    webhook: new BodyBudget(BODY_SHARES.webhook),
    recording: 0,
  };
  return async (request, response) => {
    const outcome = await receive(services, room, request);
    services.count(outcome);
    const [status, text] = RESPONSES[outcome];
    sendJson(response, status, { outcome: text }, HEADERS[status]);
    return 'responded';
  };
}

async function receive(
  services: WebhookServices,
  room: Room,
  request: IncomingMessage,
): Promise<WebhookOutcome> {
  if (request.method !== 'POST') return 'not-post';
  const path = tokenIn(pathOf(request.url ?? ''));
  if (path === null) return 'bad-path';
  if (declaredLength(request) > MAX_BODY_BYTES) return 'too-large';
  const isOurs = path.token !== null && services.isOurToken(path.token);
  const signed = readSignedHeaders(request.headers, Date.now(), services.accountId);
  if (typeof signed === 'string') return rejected(services, signed);
  // A stale message to one of our URLs may have a valid signature, which takes its body to verify.
  if (signed.isStale && !isOurs) return rejected(services, 'stale');
  const limits = {
    maxBytes: MAX_BODY_BYTES,
    timeoutMs: BODY_TIMEOUT_MS,
    budget: isOurs ? room.callback : room.webhook,
    key: '',
  };
  return withBody(request, limits, async (body, holdUntil) => {
    if (body.kind !== 'read') return body.kind;
    const webhook = await readWebhook(signed, body.bytes, services.keys);
    if (signed.isStale) {
      // Maybe a replay, so it is not applied; genuine, it causes a poll of its run.
      if (webhook !== 'bad-signature' && webhook !== 'no-keys')
        requestPoll(services.deps, { requestId: signed.requestId });
      return rejected(services, 'stale');
    }
    if (webhook === 'bad-signature') return rejected(services, webhook);
    if (webhook === 'mismatch') {
      services.log.warn({ requestId: signed.requestId }, 'webhook headers and body name different runs');
    }
    if (typeof webhook === 'string') return webhook;
    if (room.recording >= MAX_RECORDING) return 'no-room';
    room.recording += 1;
    const recorded = record(services, path.token, webhook).finally(() => (room.recording -= 1));
    holdUntil(recorded);
    try {
      // After a timeout the work continues, and the next delivery finds it done.
      return await withTimeout(recorded, RECORD_TIMEOUT_MS);
    } catch (error) {
      services.log.error({ err: error, requestId: signed.requestId }, 'webhook not recorded');
      return 'failed';
    }
  });
}

function rejected({ refusals, log }: WebhookServices, reason: Rejection): Rejection {
  const times = refusals.times(reason);
  if (times !== null) log.warn({ reason, times }, 'webhook rejected');
  return reason;
}

async function record(
  { log, refusals, deps }: WebhookServices,
  token: string | null,
  webhook: GenuineWebhook,
): Promise<WebhookOutcome> {
  const { delivery } = webhook;
  if (webhook.kind === 'unreadable') {
    const kept = await storeUnreadable(deps, token, delivery);
    log.error({ requestId: delivery.requestId, reason: webhook.reason, kept }, 'webhook unreadable');
    return kept === 'kept' ? 'unreadable' : kept;
  }
  const { message } = webhook;
  const { kind } = await handleWebhook(deps, token, { ...message, delivery });
  if (kind === 'unknown-job' || kind === 'mismatch') {
    const times = refusals.times(kind);
    if (times !== null)
      log.warn({ requestId: message.requestId, outcome: kind, times }, 'webhook matches no job');
  }
  return kind;
}

/** Null for a path that does not exist. The `token` is null for the bare path, which URLs of an earlier system have. */
function tokenIn(path: string): { readonly token: string | null } | null {
  const rest = path.slice(WEBHOOK_PATH.length);
  if (rest === '' || rest === '/') return { token: null };
  const token = /^\/([0-9a-f]{32})$/.exec(rest)?.[1];
  return token === undefined ? null : { token };
}

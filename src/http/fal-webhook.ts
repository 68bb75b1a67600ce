import { createHash } from 'node:crypto';
import { BODY_SHARES, BodyBudget } from './body-budget.ts';
import { declaredLength, withBody } from './read-body.ts';
import { readWebhookPayload } from '../fal/webhook-payload.ts';
import { withTimeout } from '../async/with-timeout.ts';
import type { LogThrottle } from '../log/log-throttle.ts';
import { checkHeaders, verify, type VerificationFailure, type Verdict } from '../fal/verify-webhook.ts';
import type { WebhookMessage, WebhookResult } from '../jobs/handle-webhook.ts';
import type { KeySet } from '../fal/key-set.ts';
import type { Delivery } from '../jobs/apply-run-event.ts';
import type { Log } from '../log/log.ts';

export const WEBHOOK_PATH = '/webhooks/fal';

/** A result with its logs stays far below; fal's own limit is not documented. */
const MAX_BODY_BYTES = 5_000_000;
/** fal gives up a first delivery after 15 s. */
const BODY_TIMEOUT_MS = 10_000;
/** A database that falls silent is noticed only much later. */
const RECORD_TIMEOUT_MS = 4500;

export type WebhookServices = {
  readonly keys: Pick<KeySet, 'current' | 'refreshed'>;
  readonly accountId: string | null;
  /** True for a callback URL's token that this deployment made. Asks no database. */
  readonly isOurToken: (token: string) => boolean;
  readonly receive: (
    token: string | null,
    callback: WebhookMessage & { readonly delivery: Delivery },
  ) => Promise<WebhookResult>;
  /** Puts a genuine message that cannot be read aside, if it is about a run of ours. */
  readonly quarantine: (
    token: string | null,
    delivery: Delivery,
  ) => Promise<'kept' | 'unknown-job' | 'mismatch'>;
  /** A genuine message about this run could not be used: have the run looked at instead. Throws nothing. */
  readonly lookAgain: (requestId: string) => void;
  readonly log: Log;
  /** Anybody can have webhooks refused; a flood of them must not become one of the log. */
  readonly refusals: LogThrottle;
  /** Counts every delivery by what became of it. */
  readonly count: (outcome: WebhookOutcome) => void;
};

/** Every end of a delivery. */
export type WebhookOutcome =
  | 'applied'
  | 'ignored'
  | 'conflict'
  | 'unreadable'
  | 'unknown-job'
  | 'mismatch'
  | 'too-large'
  | 'too-slow'
  | 'no-room'
  | 'broken'
  | 'not-post'
  | 'bad-path'
  | 'no-keys'
  | 'failed'
  | VerificationFailure;

/**
 * fal's webhook endpoint. Refuses cheaply first and trusts last: method, path, declared length, headers, room for the
 * body, signature over the raw bytes, JSON, job. Answers 2xx only when what the webhook says is committed, or can never
 * be used: anything else makes fal send it again. Never answers with a redirect, which fal takes for a final failure.
 */
export function createFalWebhook(services: WebhookServices): (request: Request) => Promise<Response> {
  const budgets = {
    callback: new BodyBudget(BODY_SHARES.callback),
    webhook: new BodyBudget(BODY_SHARES.webhook),
  };
  return async (request) => {
    const outcome = await settle(services, budgets, request);
    services.count(outcome);
    return answer(outcome);
  };
}

async function settle(
  services: WebhookServices,
  budgets: Readonly<Record<'callback' | 'webhook', BodyBudget>>,
  request: Request,
): Promise<WebhookOutcome> {
  if (request.method !== 'POST') return 'not-post';
  const path = tokenIn(request);
  if (path === null) return 'bad-path';
  if (declaredLength(request) > MAX_BODY_BYTES) return 'too-large';
  const isOurs = path.token !== null && services.isOurToken(path.token);
  const receivedAt = Date.now();
  const check = checkHeaders(request.headers, receivedAt, services.accountId);
  // An old message to one of our URLs may be genuine, which only its body can tell, and a reason to ask fal.
  if (check.kind === 'refused' && !(check.because === 'stale' && isOurs)) {
    return distrusted(services, check.because);
  }
  const limits = {
    maxBytes: MAX_BODY_BYTES,
    timeoutMs: BODY_TIMEOUT_MS,
    budget: isOurs ? budgets.callback : budgets.webhook,
    key: '',
  };
  return withBody(request, limits, async (body) => {
    if (body.kind !== 'read') return body.kind;
    const { headers } = request;
    if (check.kind === 'refused') {
      await hintAtRun(services, body.bytes, headers);
      return distrusted(services, check.because);
    }
    const verdict = await verdictOn(services, body.bytes, { headers, receivedAt });
    if (verdict === 'no-keys') return verdict;
    if (verdict.kind === 'refused') return distrusted(services, verdict.because);
    const digest = createHash('sha256').update(body.bytes).digest('hex');
    return record(services, path.token, { requestId: verdict.requestId, digest, body: body.bytes });
  });
}

async function record(
  services: WebhookServices,
  token: string | null,
  delivery: Delivery,
): Promise<WebhookOutcome> {
  try {
    // What takes longer goes on, and the next delivery finds it done.
    return await withTimeout(receive(services, token, delivery), RECORD_TIMEOUT_MS);
  } catch (error) {
    services.log.error({ err: error, requestId: delivery.requestId }, 'webhook not recorded');
    return 'failed';
  }
}

function distrusted({ refusals, log }: WebhookServices, because: VerificationFailure): VerificationFailure {
  const times = refusals.times(because);
  if (times !== null) log.warn({ because, times }, 'webhook rejected');
  return because;
}

async function receive(
  { log, ...services }: WebhookServices,
  token: string | null,
  delivery: Delivery,
): Promise<WebhookOutcome> {
  const reading = readWebhookPayload(delivery.body);
  if ('malformed' in reading) {
    const kept = await services.quarantine(token, delivery);
    log.error({ requestId: delivery.requestId, reason: reading.malformed, kept }, 'webhook unreadable');
    return kept === 'kept' ? 'unreadable' : kept;
  }
  const { callback, gatewayRequestId } = reading;
  if (delivery.requestId !== callback.requestId && delivery.requestId !== gatewayRequestId) {
    log.warn({ requestId: callback.requestId }, 'webhook headers and body name different runs');
    return 'mismatch';
  }
  const received = await services.receive(token, { ...callback, delivery });
  if (received.kind === 'unknown-job' || received.kind === 'mismatch') {
    const times = services.refusals.times(received.kind);
    const { requestId } = callback;
    if (times !== null) log.warn({ requestId, outcome: received.kind, times }, 'webhook matches no job');
  }
  return received.kind;
}

/** Verifies, once more with fresh keys when no known one made the signature: fal may have changed them. */
async function verdictOn(
  { keys, accountId }: WebhookServices,
  body: Uint8Array,
  { headers, receivedAt }: { readonly headers: Headers; readonly receivedAt: number },
): Promise<Verdict | 'no-keys'> {
  const known = await keys.current();
  if (known === null) return 'no-keys';
  const verdict = verify(body, headers, known, receivedAt, accountId);
  if (verdict.kind === 'genuine') return verdict;
  const fresh = await keys.refreshed();
  if (fresh === null) return 'no-keys';
  return fresh === known ? verdict : verify(body, headers, fresh, receivedAt, accountId);
}

/** An old message may be replayed, so it is not applied; if fal did sign it, it is a reason to ask fal. */
async function hintAtRun(
  { keys, accountId, lookAgain }: WebhookServices,
  body: Uint8Array,
  headers: Headers,
) {
  const signedAt = Number(headers.get('x-fal-webhook-timestamp')) * 1000;
  const verdict = verify(body, headers, (await keys.current()) ?? [], signedAt, accountId);
  if (verdict.kind === 'genuine') lookAgain(verdict.requestId);
}

/** The path's token, which is null for the bare path: the previous system's callback URLs had none. Null: no such path. */
function tokenIn(request: Request): { readonly token: string | null } | null {
  const rest = new URL(request.url).pathname.slice(WEBHOOK_PATH.length);
  if (rest === '' || rest === '/') return { token: null };
  const token = /^\/([0-9a-f]{32})$/.exec(rest)?.[1];
  return token === undefined ? null : { token };
}

function answer(outcome: WebhookOutcome): Response {
  switch (outcome) {
    case 'applied':
    case 'ignored':
    case 'conflict':
      return reply(200, outcome);
    case 'unreadable':
      // It is kept; sending it again would not make it readable, and fal is asked how the run ended.
      return reply(200, outcome);
    case 'malformed':
    case 'other-account':
    case 'stale':
    case 'bad-signature':
      // One text for all of them: a forger learns nothing about which check failed.
      return reply(401, 'rejected');
    case 'unknown-job':
    case 'mismatch':
    case 'bad-path':
      return reply(404, 'unknown');
    case 'not-post':
      return reply(405, 'POST only', { Allow: 'POST' });
    case 'too-slow':
    case 'broken':
      return reply(408, outcome);
    case 'too-large':
      return reply(413, outcome);
    case 'no-room':
    case 'no-keys':
    case 'failed':
      return reply(503, 'try again', { 'Retry-After': '30' });
  }
}

function reply(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ outcome: text }, { status, headers });
}

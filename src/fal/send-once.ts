import { createFalClient, type FalClient } from '@fal-ai/client';
import { PROVIDER_TIMEOUT_MS } from '../jobs/timing.ts';
import { readText } from '../jwks/read-text.ts';

export type FalSettings = {
  readonly key: string;
  /** Base URLs without a trailing slash; fal's own are https://queue.fal.run and https://rest.fal.ai. */
  readonly queueUrl: string;
  readonly restUrl: string;
  /** Ends whatever only asks, so that a server that closes need not wait for it. A submit is never ended by it. */
  readonly closing?: AbortSignal;
  /** Told the `Date` of every answer of fal. */
  readonly noticeDate?: (date: string | null) => void;
};

/** What came back for one request. */
export type FalAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Headers; readonly body: Body }
  /** `sent` false: it is certain that fal never got the request. */
  | { readonly kind: 'unanswered'; readonly sent: boolean; readonly message: string };

export type SendOptions = {
  readonly url?: string | undefined;
  readonly timeoutMs?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
};

/** JSON when it is JSON, whatever its declared type; else the text, which is some proxy's page. */
export type Body = { readonly json: unknown } | { readonly text: string };

/**
 * Makes one call of fal's client and sends exactly one request for it.
 *
 * The client builds the request: address, headers, credentials. It does not get to judge the answer: it repeats a
 * submit by itself on 429, 502, 503, 504 and transport errors (its retry setting does not apply there), which may start
 * several paid runs, and it turns an HTML page into a result. So the request is sent by a fetch of our own that keeps
 * the answer and then ends the client's call with an error the client does not repeat.
 *
 * @param url asked instead of the address the client would compute; must be on the queue's own origin
 */
export async function sendOnce(
  settings: FalSettings,
  call: (client: FalClient) => Promise<unknown>,
  { url, timeoutMs = PROVIDER_TIMEOUT_MS, signal }: SendOptions = {},
): Promise<FalAnswer> {
  const kept: { answer?: FalAnswer } = {};
  const timeout = AbortSignal.timeout(timeoutMs);
  const limit = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const client = createFalClient({
    credentials: settings.key,
    suppressLocalCredentialsWarning: true,
    fetch: async (target, init) => {
      // A second request of the same call is never sent, whatever a future client may do.
      kept.answer ??= await send(
        url ?? rewritten(addressOf(target), settings),
        init ?? {},
        settings.key,
        limit,
      );
      if (kept.answer.kind === 'answered') settings.noticeDate?.(kept.answer.headers.get('date'));
      throw new EndOfCall();
    },
  });
  try {
    await call(client);
  } catch (error) {
    if (kept.answer === undefined) return { kind: 'unanswered', sent: false, message: messageOf(error) };
  }
  return kept.answer ?? { kind: 'unanswered', sent: false, message: 'the client sent no request' };
}

class EndOfCall extends Error {}

async function send(url: string, init: RequestInit, key: string, signal: AbortSignal): Promise<FalAnswer> {
  let response: Response;
  try {
    // Redirects are not followed: the request carries the key.
    response = await fetch(url, { ...init, redirect: 'manual', signal });
  } catch (error) {
    return { kind: 'unanswered', sent: !isBeforeSending(error), message: messageOf(error) };
  }
  try {
    // An error text that quotes the request's headers must not carry the key into a row, a log or an answer.
    const text = without(key, await readText(response, MAX_ANSWER_BYTES));
    return { kind: 'answered', status: response.status, headers: response.headers, body: parsed(text) };
  } catch (error) {
    return { kind: 'unanswered', sent: true, message: `the answer broke off: ${messageOf(error)}` };
  }
}

function without(key: string, text: string): string {
  // Whole, as addresses write it, and the half after the colon, which is the secret one.
  const forms = [key, encodeURIComponent(key), key.slice(key.indexOf(':') + 1)];
  return forms
    .filter((form) => form.length >= SHORTEST_REAL_KEY)
    .reduce((cleaned, form) => cleaned.replaceAll(form, '[key]'), text);
}

/** In characters. A shorter one is made up for a stand-in of fal, and may be a common word. */
const SHORTEST_REAL_KEY = 8;

/** fal's answers are a few KB; trainers' with logs some hundred. */
const MAX_ANSWER_BYTES = 20_000_000;

function parsed(text: string): Body {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return { text };
  }
}

function addressOf(target: string | URL | Request): string {
  return target instanceof Request ? target.url : String(target);
}

function rewritten(address: string, { queueUrl, restUrl }: FalSettings): string {
  return address.replace(/^https:\/\/queue\.fal\.run/, queueUrl).replace(/^https:\/\/rest\.fal\.ai/, restUrl);
}

/**
 * True when no byte of the request can have reached fal: no address, no connection, or a certificate that was not
 * accepted. Other faults of TLS may also come later, when the request is out.
 */
function isBeforeSending(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && NEVER_SENT.has(cause.code)) return true;
    // fetch itself refuses some ports, and has no code for it.
    if (cause.message === 'bad port') return true;
  }
  return false;
}

const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_INVALID_URL',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** The reason at the bottom of the chain: fetch itself only says "fetch failed". */
function messageOf(error: unknown): string {
  let reason = error;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  if (!(reason instanceof Error)) return String(reason);
  if (reason.name === 'TimeoutError') return 'no answer in time';
  const code = 'code' in reason && typeof reason.code === 'string' ? reason.code : '';
  return reason.message || code || reason.name;
}

import { createFalClient, type FalClient } from '@fal-ai/client';
import { PROVIDER_TIMEOUT_MS } from '../jobs/timing.ts';
import { errorCodeOf } from '../values/error-code.ts';
import { formsOfFalKey } from '../log/secrets.ts';
import { readText } from '../async/read-text.ts';
import { timeLimit } from '../async/time-limit.ts';

export type FalSettings = {
  readonly key: string;
  /** Base URLs without a trailing slash; fal's own are https://queue.fal.run and https://rest.fal.ai. */
  readonly queueUrl: string;
  readonly restUrl: string;
  /** Aborts everything but submits when the server closes. */
  readonly closing?: AbortSignal;
  /** Called with the `Date` header of every response. */
  readonly noticeDate?: (date: string | null) => void;
};

/** The response to one request. */
export type FalResponse =
  | { readonly kind: 'response'; readonly status: number; readonly headers: Headers; readonly body: Body }
  /** `sent` false: fal certainly never got the request. */
  | { readonly kind: 'no-response'; readonly sent: boolean; readonly message: string };

type SendOptions = {
  readonly url?: string | undefined;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/** Either parsed JSON, whatever the declared type, or text, such as a proxy's error page. */
export type Body = { readonly json?: unknown; readonly text?: string };

/**
 * Sends exactly one request for one call of fal's client.
 *
 * The client builds the request: URL, headers, credentials. It must not see the response: it repeats a submit on 429, 502,
 * 503, 504 and transport errors whatever its retry setting, which may start several paid runs, and it takes an HTML page
 * for a result. So a fetch of our own sends the request, keeps the response and ends the client's call with an error that
 * the client does not retry.
 *
 * @param url replaces the URL that the client computes; must be on the queue's own origin
 */
export async function sendOnce(
  settings: FalSettings,
  call: (client: FalClient) => Promise<unknown>,
  { url, timeoutMs = PROVIDER_TIMEOUT_MS, signal }: SendOptions = {},
): Promise<FalResponse> {
  const kept: { response?: FalResponse } = {};
  const limit = timeLimit(timeoutMs, signal);
  const client = createFalClient({
    credentials: settings.key,
    suppressLocalCredentialsWarning: true,
    fetch: async (target, init) => {
      // One request a call, whatever a future client does.
      kept.response ??= await sendRequest(
        url ?? rewritten(addressOf(target), settings),
        init ?? {},
        settings.key,
        limit.signal,
      );
      if (kept.response.kind === 'response') settings.noticeDate?.(kept.response.headers.get('date'));
      throw new EndOfCall();
    },
  });
  try {
    await call(client);
  } catch (error) {
    if (kept.response === undefined) return { kind: 'no-response', sent: false, message: messageOf(error) };
  } finally {
    limit.end();
  }
  return kept.response ?? { kind: 'no-response', sent: false, message: 'the client sent no request' };
}

class EndOfCall extends Error {}

/** Sends one request. Never throws; no response has the key in it. */
export async function sendRequest(
  url: string,
  init: RequestInit,
  key: string,
  signal: AbortSignal,
): Promise<FalResponse> {
  let response: Response;
  try {
    // Redirects are not followed: the request has the key in it.
    response = await fetch(url, { ...init, redirect: 'manual', signal });
  } catch (error) {
    return { kind: 'no-response', sent: !isBeforeSending(error), message: messageOf(error) };
  }
  try {
    // An error text may quote the request's headers; the key must not get into a row, a log or a response.
    const text = without(key, await readText(response, MAX_RESPONSE_BYTES));
    return { kind: 'response', status: response.status, headers: response.headers, body: parsed(text) };
  } catch (error) {
    return { kind: 'no-response', sent: true, message: `the response was cut off: ${messageOf(error)}` };
  }
}

function without(key: string, text: string): string {
  return formsOfFalKey(key).reduce((cleaned, form) => cleaned.replaceAll(form, '[key]'), text);
}

/** fal's responses are a few KB; trainers' with logs some hundred. */
const MAX_RESPONSE_BYTES = 20_000_000;

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
 * True when no byte of the request can have reached fal: no address, no connection, or a refused certificate. Other TLS
 * errors may also occur after sending.
 */
function isBeforeSending(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (NEVER_SENT.has(errorCodeOf(cause))) return true;
    // fetch refuses some ports itself, with an error without a code.
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

/** The innermost cause: fetch itself only reports "fetch failed". */
function messageOf(error: unknown): string {
  let reason = error;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  if (!(reason instanceof Error)) return String(reason);
  if (reason.name === 'TimeoutError') return 'timed out';
  return reason.message || errorCodeOf(reason) || reason.name;
}

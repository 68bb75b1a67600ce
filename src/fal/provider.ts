import { billedIn, errorText, statusResponseSchema, storedBody, submitResponseSchema } from './schemas.ts';
import { sendOnce, type Body, type FalResponse, type FalSettings } from './send-once.ts';
import { percentFromLogs } from './progress.ts';
import { uploadFile } from './upload-file.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { CancelOutcome, RunProvider, RunRef, RunStatus } from '../jobs/poll-job.ts';
import type { SubmitEvent, SubmitRequest } from '../jobs/submit.ts';
import type { UploadRequest } from '../jobs/photos/photo-archive.ts';
import type { Log } from '../log/log.ts';
import type { Pause } from '../domain/refusal.ts';
import { isJsonObject } from '../values/json.ts';
import { parseUrl } from '../values/web-url.ts';

/** The beginning of the queue's response for an unfinished result. A model's own error may quote any text. */
const STILL_RUNNING = 'Request is still in progress';

/** fal.ai's queue. */
export class FalProvider implements RunProvider {
  readonly #settings: FalSettings;
  readonly #breaker: CircuitBreaker;
  readonly #log: Log;

  constructor(settings: FalSettings, breaker: CircuitBreaker, log: Log) {
    this.#settings = settings;
    this.#breaker = breaker;
    this.#log = log;
  }

  async heldBack() {
    const asked = await this.#ask(async () => ({ heldBack: await this.#breaker.heldBack() }));
    return asked.heldBack;
  }

  async submit(request: SubmitRequest): Promise<SubmitEvent> {
    const admission = await this.#ask(() => this.#breaker.admit());
    if ('heldBack' in admission) return { kind: 'refused', failure: admission.heldBack };
    const isLate = performance.now() > request.sendBefore;
    const response: FalResponse = isLate
      ? { kind: 'no-response', sent: false, message: 'this server was blocked before it could send the run' }
      : await sendOnce(this.#settings, (client) =>
          client.queue.submit(request.endpoint, {
            input: request.input,
            ...(request.callbackUrl === null ? {} : { webhookUrl: request.callbackUrl }),
            ...(request.keepFilesSeconds === null
              ? {}
              : { storageSettings: { expiresIn: request.keepFilesSeconds } }),
          }),
        );
    try {
      const heldBack = await this.#breaker.learn(response, admission.probe);
      if (heldBack !== null) return { kind: 'refused', failure: heldBack };
    } catch (error) {
      // The outcome of this submit matters more; the next one has the same effect on the breaker.
      const status = response.kind === 'response' ? response.status : null;
      this.#log.error({ err: error, status }, 'circuit breaker state not stored');
    }
    return readSubmit(response, this.#breaker.busy());
  }

  async #ask<T>(breaker: () => Promise<T>) {
    try {
      return await breaker();
    } catch (error) {
      this.#log.error({ err: error }, 'circuit breaker state not read');
      const message = 'A fault of this server prevented the submit. Nothing was started.';
      return { heldBack: { code: 'PROVIDER_UNAVAILABLE', message } as const };
    }
  }

  upload(file: UploadRequest) {
    return uploadFile(this.#settings, file);
  }

  async fetchStatus(run: RunRef): Promise<RunStatus> {
    const status = await sendOnce(
      this.#settings,
      (client) => client.queue.status(run.endpoint, { requestId: run.requestId, logs: true }),
      { url: this.#ownUrl(run.statusUrl, { logs: '1' }), signal: this.#settings.closing },
    );
    if (status.kind === 'no-response') return { kind: 'unreachable', message: status.message };
    if (status.status === 404) return { kind: 'not-found', message: 'fal does not know this run.' };
    const read = statusResponseSchema.safeParse(status.body.json);
    if (!read.success)
      return {
        kind: 'unreachable',
        message: `fal responded to the status request with HTTP ${status.status}`,
      };
    switch (read.data.status) {
      case 'IN_QUEUE':
        return { kind: 'queued', position: read.data.queue_position ?? null };
      case 'IN_PROGRESS': {
        const messages = (read.data.logs ?? []).flatMap((line) => (line === null ? [] : [line.message]));
        return { kind: 'running', percent: percentFromLogs(messages) };
      }
      case 'COMPLETED':
        return this.#result(run, {
          failure: errorText(read.data) ?? read.data.error_type ?? null,
          errorType: read.data.error_type ?? null,
        });
    }
  }

  async cancel(run: RunRef): Promise<CancelOutcome> {
    const response = await sendOnce(
      this.#settings,
      (client) => client.queue.cancel(run.endpoint, { requestId: run.requestId }),
      { url: this.#ownUrl(run.cancelUrl), signal: this.#settings.closing },
    );
    if (response.kind === 'no-response') return 'unreachable';
    const { json } = response.body;
    if (response.status === 200 && isJsonObject(json) && json['status'] === 'OK') return 'removed';
    if (response.status >= 200 && response.status < 300) return 'requested';
    if (response.status === 404) return 'not-found';
    // Any other 4xx is final: the run has ended, or cannot be cancelled.
    const mayHelpLater = [401, 403, 408, 429].includes(response.status) || response.status >= 500;
    if (response.status >= 400 && !mayHelpLater) return 'already-completed';
    return 'unreachable';
  }

  /** Fetches the result of a COMPLETED run, which may be a success, a failure or a cancellation. */
  async #result(
    run: RunRef,
    ended: { readonly failure: string | null; readonly errorType: string | null },
  ): Promise<RunStatus> {
    const response = await sendOnce(
      this.#settings,
      (client) => client.queue.result(run.endpoint, { requestId: run.requestId }),
      { url: this.#ownUrl(run.responseUrl), signal: this.#settings.closing },
    );
    const isCancelled = response.kind === 'response' && response.status === 499;
    if (isCancelled || ended.errorType === 'client_cancelled') {
      return { kind: 'cancelled', requestId: run.requestId };
    }
    const { requestId } = run;
    const withoutResult = (message: string): RunStatus =>
      ended.failure === null
        ? { kind: 'unreachable', message }
        : { kind: 'failed', requestId, message: ended.failure, output: null };
    if (response.kind === 'no-response') return withoutResult(response.message);
    const { status, headers, body } = response;
    const fault = `fal responded to the result request with HTTP ${status}`;
    // Our request was refused, with words that are not about the run.
    if (status === 401 || status === 403 || status === 429) return withoutResult(fault);
    const result = { requestId, output: storedBody(body), ...billedIn(headers) };
    const words = errorText(result.output);
    if (ended.failure !== null) return { ...result, kind: 'failed', message: words ?? ended.failure };
    if (status >= 200 && status < 300 && body.json !== undefined) return { ...result, kind: 'succeeded' };
    if (status === 400 && words?.startsWith(STILL_RUNNING)) return { kind: 'running', percent: null };
    if (status === 404 || status === 410) {
      return { kind: 'not-found', message: 'The run ended, but fal no longer has its result.' };
    }
    // The result of a failed run is the model's own error; a gateway's error has another form.
    const isGateways = status === 502 || status === 503 || status === 504;
    const isModelsOwn = status >= 400 && words !== null && !isGateways;
    if (isModelsOwn) return { ...result, kind: 'failed', message: words };
    return withoutResult(fault);
  }

  /** The URL fal gave, if it is on fal's queue: the request has the key in it. */
  #ownUrl(given: string | null, query: Readonly<Record<string, string>> = {}): string | undefined {
    const url = given === null ? null : parseUrl(given);
    if (url?.origin !== new URL(this.#settings.queueUrl).origin) return undefined;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.href;
  }
}

/** @param busy the pause that fal asks for when it is too busy */
function readSubmit(response: FalResponse, busy: Pause): SubmitEvent {
  if (response.kind === 'no-response') {
    return response.sent
      ? {
          kind: 'unknown',
          message: `fal’s response to the submit was lost (${response.message}). A run may have started.`,
        }
      : refused(
          'PROVIDER_UNAVAILABLE',
          `fal could not be reached (${response.message}). Nothing was started.`,
        );
  }
  const { status, headers, body } = response;
  const words = errorText(body.json);
  if (status >= 200 && status < 300) return readAcceptance(body);
  // A proxy before fal also responds with 503, after it passed the request on.
  const isProxys503 = status === 503 && /upstream|reset|disconnect/i.test(body.text ?? '');
  if (status === 429 || (status === 503 && !isProxys503)) {
    const message = `fal is too busy (HTTP ${status}${said(words)}). Nothing was started.`;
    return { kind: 'refused', failure: { code: 'PROVIDER_UNAVAILABLE', message, pause: busy } };
  }
  if (status >= 500) {
    // After a gateway's 502 or 504 the queue may have taken the run; fal's own error body means that it did not.
    const isStartTimeout = headers.get('x-fal-request-timeout-type') === 'user';
    const isFals = headers.has('x-fal-error-type') || (isJsonObject(body.json) && 'detail' in body.json);
    if ((isFals && status !== 502 && status !== 504) || isStartTimeout) {
      return refused(
        'PROVIDER_UNAVAILABLE',
        `fal failed (HTTP ${status}${said(words)}). Nothing was started.`,
      );
    }
    return {
      kind: 'unknown',
      message: `fal responded to the submit with HTTP ${status}. A run may have started.`,
    };
  }
  if (status === 499) return { kind: 'unknown', message: 'The submit was cut off. A run may have started.' };
  if (status >= 400 && status !== 408) {
    const event = refused('PROVIDER_REJECTED', `fal refused the run (HTTP ${status}${said(words)}).`);
    return isGone(status, body) ? { ...event, isGone: true } : event;
  }
  return refused(
    'PROVIDER_UNAVAILABLE',
    `fal did not accept the run (HTTP ${status}${said(words)}). Nothing was started.`,
  );
}

/** fal's queue knows no such application or path, or has retired the endpoint. */
function isGone(status: number, { json }: Body): boolean {
  const detail = isJsonObject(json) ? json['detail'] : undefined;
  if (isJsonObject(detail)) return detail['error'] === 'EndpointDeprecated';
  return (
    status === 404 &&
    typeof detail === 'string' &&
    /^(?:Application|Path)\b.{1,300} not found\.?$/.test(detail)
  );
}

function readAcceptance({ json }: Body): SubmitEvent {
  const read = submitResponseSchema.safeParse(json);
  if (!read.success) {
    return {
      kind: 'unknown',
      message: 'fal’s response to the submit had no usable request_id. A run may have started.',
    };
  }
  const { request_id, status_url, response_url, cancel_url, queue_position } = read.data;
  return {
    kind: 'accepted',
    requestId: request_id,
    urls: { statusUrl: status_url ?? null, responseUrl: response_url ?? null, cancelUrl: cancel_url ?? null },
    position: queue_position ?? null,
  };
}

function refused(code: 'PROVIDER_REJECTED' | 'PROVIDER_UNAVAILABLE', message: string) {
  return { kind: 'refused', failure: { code, message } } as const;
}

function said(words: string | null): string {
  return words === null ? '' : `: ${words}`;
}

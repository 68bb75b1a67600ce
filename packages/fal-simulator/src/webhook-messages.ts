import { has, type Run } from './run.ts';

/** An unsigned webhook. */
export type WebhookMessage = {
  label: string;
  body: string;
  user: 'own' | 'other';
  signature: 'genuine' | 'forged';
  timestampShiftSeconds: number;
  /** Retry until the receiver accepts it. */
  insist: boolean;
  /** Retries repeat the headers of the first attempt. */
  signOnce: boolean;
};

/** The webhooks of a completed run in order, changed by its scenarios. */
export function webhookMessages(run: Run, webhookOnCancel: boolean): WebhookMessage[] {
  if (run.webhookUrl === null || has(run, 'silent')) return [];
  if (run.cancelled && !webhookOnCancel) return [];
  const genuine: WebhookMessage = {
    label: 'genuine',
    body: has(run, 'junk-body')
      ? '<<< not json'
      : JSON.stringify(has(run, 'legacy') ? legacyBody(run) : body(run)),
    user: has(run, 'other-account') ? 'other' : 'own',
    signature: 'genuine',
    timestampShiftSeconds: has(run, 'stale') ? -600 : 0,
    insist: true,
    signOnce: has(run, 'same-signature'),
  };
  const failure = {
    ...genuine,
    label: 'conflicting',
    body: JSON.stringify(errorBody(run, 500, contradiction)),
  };
  const forged: WebhookMessage = { ...failure, label: 'forged', signature: 'forged', insist: false };

  if (has(run, 'forged-only')) return [forged];
  if (has(run, 'forged')) return [forged, genuine];
  if (has(run, 'twice')) return [genuine, { ...genuine, label: 'twice' }];
  if (has(run, 'conflicting')) return [genuine, failure];
  if (has(run, 'conflicting-error-first')) return [failure, genuine];
  return [genuine];
}

const contradiction = {
  detail: [{ loc: ['body'], msg: 'Internal server error', type: 'internal_server_error' }],
};

function body(run: Run): object {
  const { outcome } = run;
  if (!outcome) throw new Error(`Run ${run.id} has no outcome`);
  if (outcome.error) return errorBody(run, outcome.status, has(run, 'error-null') ? null : outcome.body);
  if (has(run, 'null-payload')) {
    const payload_error =
      'Response payload is not JSON serializable. Either return a JSON serializable object or use the queue endpoint to retrieve the response.';
    return {
      request_id: run.id,
      gateway_request_id: run.gatewayId,
      status: 'OK',
      payload: null,
      payload_error,
    };
  }
  const ok = { request_id: run.id, gateway_request_id: run.gatewayId, status: 'OK' };
  return { ...ok, error: null, payload: outcome.body };
}

function errorBody(run: Run, status: number, payload: unknown): object {
  const ids = { request_id: run.id, gateway_request_id: run.gatewayId };
  return { ...ids, status: 'ERROR', error: `Invalid status code: ${status}`, payload };
}

function legacyBody(run: Run): object {
  const error = run.outcome?.error;
  if (error) return { request_id: run.id, status: 'failed', error: error.text };
  return { request_id: run.id, status: 'completed', result: run.outcome?.body };
}

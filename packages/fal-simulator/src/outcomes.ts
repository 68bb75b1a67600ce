import type { Outcome } from './run.ts';

export type Detail = {
  loc: (string | number)[];
  msg: string;
  type: string;
  url?: string;
  ctx?: Record<string, unknown>;
  input?: unknown;
};

export function success(body: unknown, billableUnits: number): Outcome {
  return { status: 200, body, headers: { 'x-fal-billable-units': String(billableUnits) }, error: null };
}

/** A model error: 422 with a list of details. */
export function modelError(details: readonly Detail[], status = 422): Outcome {
  const [first] = details;
  return {
    status,
    body: {
      detail: details.map((detail) => ({ url: `https://docs.fal.ai/errors/#${detail.type}`, ...detail })),
    },
    headers: { 'x-fal-retryable': 'false' },
    error: { text: first?.msg ?? 'Unprocessable entity', type: first?.type ?? 'value_error' },
  };
}

/** An error of fal's infrastructure, not of the model. */
export function requestError(status: number, type: string, text: string): Outcome {
  return {
    status,
    body: { detail: text, error_type: type },
    headers: {
      'x-fal-error-type': type,
      ...(type === 'request_timeout' && { 'x-fal-request-timeout-type': 'user' }),
    },
    error: { text, type },
  };
}

export const CANCELLED = requestError(499, 'client_cancelled', 'Request was cancelled by the client');

export function plainError(text: string): Outcome {
  return { status: 422, body: { detail: text }, headers: {}, error: { text, type: 'bad_request' } };
}

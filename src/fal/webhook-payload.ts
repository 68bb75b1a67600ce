import { errorText, requestIdSchema } from './schemas.ts';
import { isJsonObject, type Json } from '../values/json.ts';
import type { WebhookMessage } from '../jobs/handle-webhook.ts';
import { z } from 'zod';

const callbackSchema = z.object({
  request_id: requestIdSchema,
  gateway_request_id: z.string().nullish().catch(null),
  status: z.string().transform((status) => status.toUpperCase()),
  payload: z.unknown().optional(),
  payload_error: z.unknown().optional(),
  error: z.unknown().optional(),
  // The previous system's form: status "completed" and the output in `result`.
  result: z.unknown().optional(),
});

/** `malformed` is the reason, for the log. */
export type PayloadReading =
  | { readonly callback: WebhookMessage; readonly gatewayRequestId: string | null }
  | { readonly malformed: string };

/**
 * Parses a webhook's body. fal sends:
 *
 * - `OK` with a payload: the output.
 * - `OK` without one, with a `payload_error`: the run succeeded and its result must be fetched.
 * - `ERROR` with or without a payload: the run failed.
 * - `completed` with a `result`, `failed` with an `error`: the previous system's forms.
 */
export function readWebhookPayload(body: Uint8Array): PayloadReading {
  const text = decode(body);
  if (text === null) return { malformed: 'it is not UTF-8' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { malformed: 'it is not JSON' };
  }
  const read = callbackSchema.safeParse(json);
  if (!read.success) return { malformed: z.prettifyError(read.error).replaceAll('\n', ' ') };
  const { request_id: requestId, gateway_request_id, status, payload, result } = read.data;
  const output = ((payload ?? result) as Json | undefined) ?? null;
  const gatewayRequestId = gateway_request_id ?? null;
  switch (status) {
    case 'OK':
    case 'COMPLETED':
      // An output is an object. Without one the result is still at the queue.
      return isJsonObject(output)
        ? { callback: { requestId, event: { kind: 'succeeded', requestId, output } }, gatewayRequestId }
        : { callback: { requestId, event: { kind: 'identified', requestId } }, gatewayRequestId };
    case 'ERROR':
    case 'FAILED': {
      const message = errorText(output) ?? errorText(json) ?? 'The run failed; fal gave no reason.';
      // Without a payload the whole body is kept.
      const kept = output ?? (json as Json);
      return {
        callback: { requestId, event: { kind: 'failed', requestId, message, output: kept } },
        gatewayRequestId,
      };
    }
    default:
      return { malformed: `its status is ${JSON.stringify(status.slice(0, 40))}` };
  }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

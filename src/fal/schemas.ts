import * as z from 'zod';
import { isJsonObject, type Json } from '../values/json.ts';
import { isRequestId } from '../jobs/ids.ts';
import { parseWebUrl } from '../values/web-url.ts';
import type { Body } from './send-once.ts';

export const requestIdSchema = z.string().refine(isRequestId);

const webUrlSchema = z.string().refine((url) => parseWebUrl(url) !== null);
const urlSchema = webUrlSchema.nullish().catch(null);

/** The range of the database's integer columns and of GraphQL's Int. */
const positionSchema = z.int32().nonnegative().nullish().catch(null);

export const submitResponseSchema = z.object({
  request_id: requestIdSchema,
  status_url: urlSchema,
  response_url: urlSchema,
  cancel_url: urlSchema,
  queue_position: positionSchema,
});

/**
 * From the response to a result, with the decimals of the database's column. Any other text than a decimal number that the
 * column can hold is ignored.
 */
export function billedIn(headers: Headers): { readonly billableUnits?: string } {
  const value = headers.get('x-fal-billable-units');
  if (value === null || !/^\d{1,9}(?:\.\d{1,20})?$/.test(value)) return {};
  // Cut and not rounded: rounded up it may not fit.
  return { billableUnits: value.replace(/(\.\d{6})\d+$/, '$1') };
}

/** The newest lines have the progress; a response may have millions. */
const MAX_LOG_LINES = 200;
const logLineSchema = z.object({ message: z.string() });

export const statusResponseSchema = z.object({
  status: z.enum(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']),
  queue_position: positionSchema,
  logs: z.preprocess(
    (logs) => (Array.isArray(logs) ? logs.slice(-MAX_LOG_LINES) : logs),
    z.array(logLineSchema.nullable().catch(null)).nullish().catch(null),
  ),
  // Only a run that failed or was cancelled has these; COMPLETED alone is no success.
  error: z.unknown().optional(),
  error_type: z.string().transform(presentable).nullish().catch(null),
});

export const webhookSchema = z.object({
  request_id: requestIdSchema,
  gateway_request_id: z.string().nullish().catch(null),
  status: z.string().transform((status) => status.toUpperCase()),
  payload: z.unknown().optional(),
  payload_error: z.unknown().optional(),
  error: z.unknown().optional(),
  // The previous system's form: status "completed" and the output in `result`.
  result: z.unknown().optional(),
});

export const uploadTargetSchema = z.object({ upload_url: webUrlSchema, file_url: webUrlSchema });
export const uploadedPartSchema = z.object({ partNumber: z.int(), etag: z.string() });

/** fal's public keys. */
export const keySetSchema = z.object({
  keys: z
    .array(
      z
        .looseObject({
          x: z.string(),
          kty: z.literal('OKP').optional(),
          crv: z.literal('Ed25519').optional(),
        })
        .nullable()
        .catch(null),
    )
    .max(50),
});

const faultSchema = z.object({
  loc: z.array(z.unknown()).optional().catch(undefined),
  msg: z.string(),
  type: z.string().optional().catch(undefined),
});

/**
 * fal's error text from any of its forms: a `detail` list with one entry per fault, a `detail` text, an `error` text or
 * object; null without one. Fit to be stored and shown.
 */
export function errorText(body: unknown): string | null {
  if (!isJsonObject(body)) return null;
  const { detail } = body;
  if (Array.isArray(detail)) {
    const faults = detail.slice(0, MAX_FAULTS).flatMap((entry) => {
      const fault = faultSchema.safeParse(entry);
      return fault.success ? [faultText(fault.data)] : [];
    });
    if (faults.length > 0) return presentable(faults.join('; '));
  }
  for (const value of [detail, body['error'], body['message'], body['payload_error']]) {
    if (typeof value === 'string' && value !== '') return presentable(value);
    if (isJsonObject(value) && typeof value['message'] === 'string') return presentable(value['message']);
  }
  return null;
}

function faultText({ loc, msg, type }: z.output<typeof faultSchema>): string {
  const parts = loc
    ?.slice(0, MAX_FAULTS)
    .filter((part) => typeof part === 'string' || typeof part === 'number');
  const where = parts?.filter((part) => part !== 'body').join('.') ?? '';
  const what = type === undefined || msg.includes(type) ? msg : `${msg} (${type})`;
  return where === '' ? what : `${where}: ${what}`;
}

function presentable(text: string): string {
  return text
    .slice(0, MAX_SHOWN_TEXT)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .toWellFormed();
}

/** Entries of a `detail` list, and levels of an entry's `loc`. */
const MAX_FAULTS = 20;

/** In characters. */
const MAX_SHOWN_TEXT = 2000;

/** A body in the form in which it is stored. */
export function storedBody({ json, text = '' }: Body): Json {
  return json === undefined ? text.slice(0, MAX_STORED_TEXT) : (json as Json);
}

/** In characters. Only error pages of proxies are stored as text. */
const MAX_STORED_TEXT = 10_000;

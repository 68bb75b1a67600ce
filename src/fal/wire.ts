import { z } from 'zod';
import { isJsonObject, type Json } from '../domain/json.ts';

/**
 * What a request id may look like. fal's are UUIDs; anything that keeps to these characters is safe in a path, which
 * matters because the client puts ids into addresses as they are.
 */
export const requestIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/);

export const submitAnswerSchema = z.object({
  request_id: requestIdSchema,
  status_url: z.string().nullish().catch(null),
  response_url: z.string().nullish().catch(null),
  cancel_url: z.string().nullish().catch(null),
  queue_position: z.number().int().nonnegative().nullish().catch(null),
});

const logLineSchema = z.object({ message: z.string() });

export const statusAnswerSchema = z.object({
  status: z.enum(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']),
  queue_position: z.number().int().nonnegative().nullish().catch(null),
  logs: z.array(logLineSchema.nullable().catch(null)).nullish().catch(null),
  // Only a run that failed or was cancelled has these; COMPLETED alone is no success.
  error: z.unknown().optional(),
  error_type: z.string().nullish().catch(null),
});

const modelErrorSchema = z.object({
  detail: z
    .array(z.object({ loc: z.array(z.unknown()).optional(), msg: z.string(), type: z.string().optional() }))
    .min(1),
});

/**
 * fal's own words for what went wrong, out of any of the forms it has for them: a `detail` list with one entry per
 * fault, a `detail` text, an `error` text. Null when the body has none.
 */
export function errorText(body: unknown): string | null {
  const list = modelErrorSchema.safeParse(body);
  if (list.success) return list.data.detail.map(({ loc, msg, type }) => faultText(loc, msg, type)).join('; ');
  if (!isJsonObject(body)) return null;
  for (const field of ['detail', 'error', 'message']) {
    const value = body[field];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

function faultText(loc: readonly unknown[] | undefined, msg: string, type: string | undefined): string {
  const where = loc?.filter((part) => part !== 'body').join('.') ?? '';
  const what = type === undefined || msg.includes(type) ? msg : `${msg} (${type})`;
  return where === '' ? what : `${where}: ${what}`;
}

/** A body as it is stored: JSON as it came, a text as a text. */
export function storedBody(body: { readonly json: unknown } | { readonly text: string }): Json {
  return 'json' in body ? (body.json as Json) : body.text.slice(0, MAX_STORED_TEXT);
}

/** In characters. Only pages of proxies between fal and us are stored as text. */
const MAX_STORED_TEXT = 10_000;

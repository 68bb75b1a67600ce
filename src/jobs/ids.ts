import { createHash, randomBytes } from 'node:crypto';
import { v7 as timeOrderedUuid } from 'uuid';
import type { Json } from '../values/json.ts';

export type EntityPrefix = 'avt' | 'gen' | 'job' | 'pho';

/** `avt_` and the 32 hex digits of a version 7 UUID, so that ids sort by creation. Row key, GraphQL id and log value. */
export function newId(prefix: EntityPrefix): string {
  return `${prefix}_${timeOrderedUuid().replaceAll('-', '')}`;
}

/** Whether newId() can have made the text. Other texts may contain characters that fail in a query. */
export function isId(text: string): boolean {
  return /^(?:avt|gen|job|pho)_[0-9a-f]{32}$/.test(text);
}

/**
 * Whether the text may be fal's id of a run. fal's are UUIDs; these characters are safe in a path, and fal's client puts ids
 * into URLs unescaped.
 */
export function isRequestId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(text);
}

/** A word without a meaning to the model, so that only the training gives it one. */
export function newTriggerPhrase(): string {
  const letters = Array.from(randomBytes(6), (byte) => TRIGGER_LETTERS[byte % TRIGGER_LETTERS.length]);
  return `lk${letters.join('')}`;
}

/** Without vowels, which form words, and without letters that look alike. */
const TRIGGER_LETTERS = 'bcdfghjkmnpqrstvwxz23456789';

/** A caller's idempotency key with the SHA-256 (hex) of its request, whatever the order of the fields; null without a key. */
export function idempotencyOf(
  key: string | undefined,
  request: Readonly<Record<string, Json | undefined>>,
): { readonly key: string; readonly digest: string } | null {
  if (key === undefined) return null;
  const fields = Object.entries(request)
    .filter(([, value]) => value !== undefined && value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { key, digest: createHash('sha256').update(JSON.stringify(fields)).digest('hex') };
}

import { createHash, randomBytes } from 'node:crypto';
import { v7 as timeOrderedUuid } from 'uuid';
import type { Json } from '../values/json.ts';

export type EntityPrefix = 'avt' | 'gen' | 'job';

/**
 * An id that says what it names and sorts by time of creation: `avt_` and the 32 hex digits of a version 7 UUID.
 * The same text is the row's key, the GraphQL id and what the log shows.
 */
export function newId(prefix: EntityPrefix): string {
  return `${prefix}_${timeOrderedUuid().replaceAll('-', '')}`;
}

/** True for what newId() makes. Anything else names nothing, and may be a text that the database cannot even be asked about. */
export function isId(text: string): boolean {
  return /^(?:avt|gen|job)_[0-9a-f]{32}$/.test(text);
}

/** A trigger phrase no language model's vocabulary has a meaning for, so that the training alone gives it one. */
export function newTriggerPhrase(): string {
  const letters = Array.from(randomBytes(6), (byte) => TRIGGER_LETTERS[byte % TRIGGER_LETTERS.length]);
  return `lk${letters.join('')}`;
}

/** Consonants and digits that neither form words nor look alike. */
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

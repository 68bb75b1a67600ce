import type { Json } from './json.ts';

/** Far deeper than any answer of fal; what lies below could not be walked, stored or shown. */
const MAX_DEPTH = 200;

/**
 * A value as a jsonb column takes it: PostgreSQL refuses NUL and halves of surrogate pairs, in texts and in names of
 * fields alike, and an answer of fal must not be lost for one of those. Numbers beyond a double's range become null, as in
 * JSON.stringify.
 */
export function storable(value: unknown, depth = 0): Json {
  if (typeof value === 'string') return cleaned(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((part) => storable(part, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [cleaned(name), storable(part, depth + 1)]),
  );
}

function cleaned(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}

import type { Json } from './json.ts';

/** Far deeper than any response of fal. Deeper values could overflow the stack. */
const MAX_DEPTH = 200;

/**
 * Makes a value storable in a jsonb column. PostgreSQL refuses NUL and lone surrogates in texts and field names, which
 * are replaced so that no response of fal is lost. Infinite numbers become null, as in JSON.stringify.
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

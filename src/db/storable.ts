import type { Prisma } from '../generated/prisma/client.ts';

/**
 * A value as a jsonb column takes it: PostgreSQL refuses NUL and halves of surrogate pairs, in texts and in names of
 * fields alike, and an answer of fal must not be lost for one of those.
 */
export function storable(value: unknown): Prisma.InputJsonValue | null {
  if (typeof value === 'string') return cleaned(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [cleaned(name), storable(part)]));
}

function cleaned(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}

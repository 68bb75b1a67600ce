import { badInput } from './builder.ts';

/** The most that one page of a connection holds. */
export const MAX_PAGE = 100;

/** Throws INVALID_INPUT for a page that is larger than allowed, negative, or asked for from both ends. */
export function checkPage({
  first,
  last,
}: {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
}): void {
  for (const [name, value] of Object.entries({ first, last })) {
    if (value != null && (value < 0 || value > MAX_PAGE)) {
      throw badInput(`${name}: expected a whole number from 0 to ${MAX_PAGE}, got ${value}.`);
    }
  }
  if (first != null && last != null) throw badInput('first and last: expected one of them, got both.');
}

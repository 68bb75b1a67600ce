import * as z from 'zod';
import { MAX_URL_LENGTH, parseWebUrl } from '../values/web-url.ts';
import { refuse, type Result } from '../domain/refusal.ts';

/** In characters. */
export const MAX_NAME_LENGTH = 100;
export const MAX_TRIGGER_LENGTH = 50;
export const MAX_PROMPT_LENGTH = 4000;
export const MAX_EXTERNAL_ID_LENGTH = 200;
export const MAX_TAG_LENGTH = 50;
export const MAX_IDEMPOTENCY_KEY_LENGTH = 200;
/** Of one avatar. */
export const MAX_TAGS = 20;
export const MAX_WAIT_SECONDS = 60;
/** GraphQL's Int. */
export const MAX_SEED = 2_147_483_647;

/**
 * A trimmed text of 1 to `max` code points. Control characters other than line breaks and tabs are refused: PostgreSQL
 * cannot store NUL, and terminals execute some of them.
 */
export function text(max: number) {
  const allowed = `a text of 1 to ${max} characters`;
  return (
    z
      .string()
      // Bounds the time of the checks below.
      .refine((value) => value.length <= MAX_UNITS, { error: allowed, abort: true })
      .refine((value) => value === '' || value.trim() !== '', {
        error: `${allowed} besides white space`,
        abort: true,
      })
      .trim()
      .refine((value) => value.length > 0 && lengthOf(value) <= max, { error: allowed })
      .refine((value) => value.isWellFormed() && !CONTROL_CHARACTERS.test(value), {
        error: `${allowed} without control characters`,
      })
  );
}

/** In UTF-16 units: 4,000 characters of two units, with white space around them. */
const MAX_UNITS = 10_000;

const CONTROL_CHARACTERS = /(?![\t\n\r])\p{Cc}/u;

/** In code points. */
function lengthOf(value: string): number {
  let length = 0;
  for (const _ of value) length += 1;
  return length;
}

/** Letters that look the same are the same. */
export function tag() {
  return text(MAX_TAG_LENGTH).transform((value) => value.normalize('NFC'));
}

/** Sorted, each tag once. */
export function tagList() {
  return (
    z
      .array(z.string())
      // Bounds the message, which names every wrong tag.
      .refine((tags) => tags.length <= MAX_TAGS, { error: `at most ${MAX_TAGS} tags`, abort: true })
      .pipe(z.array(tag()))
      .transform((tags) => [...new Set(tags)].toSorted())
  );
}

export function webUrl() {
  return z.string().refine((value) => parseWebUrl(value) !== null, {
    error: `an absolute http(s) URL of at most ${MAX_URL_LENGTH} characters, without credentials`,
  });
}

export function wholeNumber(min: number, max: number) {
  return z.number().refine((value) => Number.isSafeInteger(value) && value >= min && value <= max, {
    error: `a whole number from ${min} to ${max}`,
  });
}

export function numberBetween(min: number, max: number) {
  return z
    .number()
    .refine((value) => value >= min && value <= max, { error: `a number from ${min} to ${max}` });
}

/** An input from GraphQL: an optional field may be null. */
export type Optional<T> = {
  readonly [K in keyof T]: object extends Pick<T, K> ? T[K] | null | undefined : T[K];
};

/**
 * Parses a caller's input; null means absent. The refusal names each wrong field, its value and the allowed values.
 *
 * @param place of the input in a longer one, such as `items.2`
 */
export function parseInput<S extends z.ZodType>(
  schema: S,
  input: object,
  place?: string,
): Result<z.output<S>, 'INVALID_INPUT'> {
  const given: Readonly<Record<string, unknown>> = Object.fromEntries(
    Object.entries(input).filter(([, value]) => value != null),
  );
  const result = schema.safeParse(given);
  if (result.success) return { done: result.data };
  const problems = new Map<string, string>();
  for (const issue of result.error.issues) {
    const field = [...(place === undefined ? [] : [place]), ...issue.path].join('.');
    if (!problems.has(field))
      problems.set(field, problemWith(field, valueAt(given, issue.path), issue.message));
  }
  return refuse('INVALID_INPUT', [...problems.values()].join(' '));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key],
    value,
  );
}

export function problemWith(field: string, value: unknown, allowed: string): string {
  return `${field}: expected ${allowed}, got ${shown(value)}.`;
}

/** The value as JSON, truncated, without the credentials of a URL. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(
    typeof value === 'string' ? value.replace(/^(https?:\/\/)[^/?#]*@/i, '$1…@') : value,
  );
  const characters = Array.from(json.slice(0, 2 * MAX_SHOWN + 2));
  if (characters.length <= MAX_SHOWN) return json;
  const length = lengthOf(typeof value === 'string' ? value : json);
  return `${characters.slice(0, MAX_SHOWN).join('')}… (${length} characters)`;
}

const MAX_SHOWN = 60;

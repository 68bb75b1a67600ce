import type { z } from 'zod';
import type { Detail } from './outcomes.ts';
import { shortenedValue } from './shortened.ts';

const MOST_DETAILS = 20;

/** Zod issues in the form of fal's validation errors. */
export function inputErrors(error: z.ZodError, input: unknown): Detail[] {
  return error.issues.slice(0, MOST_DETAILS).flatMap((issue) => detailsOf(issue, input));
}

function detailsOf(issue: z.core.$ZodIssue, input: unknown): Detail[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const given = valueAt(input, path);
  const at = { loc: ['body', ...path], input: shortenedValue(given ?? null) };
  if (given === undefined) return [{ ...at, msg: 'Field required', type: 'missing' }];
  switch (issue.code) {
    case 'too_small':
      return [{ ...at, ...tooSmall(issue) }];
    case 'too_big':
      return [{ ...at, ...tooBig(issue) }];
    case 'invalid_value': {
      const expected = issue.values.map(String);
      return [
        { ...at, msg: `Input should be one of: ${expected.join(', ')}`, type: 'one_of', ctx: { expected } },
      ];
    }
    case 'invalid_union': {
      // The deepest issue is the most specific one.
      const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
      if (!deepest) return [{ ...at, msg: issue.message, type: 'value_error' }];
      return detailsOf({ ...deepest, path: [...issue.path, ...deepest.path] }, input);
    }
    case 'invalid_type':
      return [{ ...at, msg: `Input should be a valid ${issue.expected}`, type: `${issue.expected}_type` }];
    default:
      return [{ ...at, msg: issue.message, type: 'value_error' }];
  }
}

function tooSmall(issue: z.core.$ZodIssueTooSmall): Pick<Detail, 'msg' | 'type' | 'ctx'> {
  const minimum = Number(issue.minimum);
  if (issue.origin === 'string' || issue.origin === 'array') {
    const msg = `Input should have at least ${minimum} items`;
    return { msg, type: 'sequence_too_short', ctx: { min_length: minimum } };
  }
  if (issue.inclusive === false) {
    return { msg: `Input should be greater than ${minimum}`, type: 'greater_than', ctx: { gt: minimum } };
  }
  const msg = `Input should be greater than or equal to ${minimum}`;
  return { msg, type: 'greater_than_equal', ctx: { ge: minimum } };
}

function tooBig(issue: z.core.$ZodIssueTooBig): Pick<Detail, 'msg' | 'type' | 'ctx'> {
  const maximum = Number(issue.maximum);
  if (issue.origin === 'string' || issue.origin === 'array') {
    const msg = `Input should have at most ${maximum} items`;
    return { msg, type: 'sequence_too_long', ctx: { max_length: maximum } };
  }
  const msg = `Input should be less than or equal to ${maximum}`;
  return { msg, type: 'less_than_equal', ctx: { le: maximum } };
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  let value: unknown = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

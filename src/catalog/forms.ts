import * as z from 'zod';
import type { JsonObject } from '../values/json.ts';

/** A field of fal's input or response. */
export const fieldName = z.string().regex(/^[A-Za-z]\w{0,63}$/, {
  error: 'expected a field name: a letter, then up to 63 letters, digits and underscores',
});

/** `owner/app`, with a path where the endpoint has one. */
export const endpointId = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][\w-]*(?:\/[A-Za-z0-9][\w.-]*)+$/, {
    error: 'expected an endpoint of fal, such as fal-ai/flux-lora',
  });

const LARGEST_NUMBER = 1_000_000;
const bound = z.number().min(0).max(LARGEST_NUMBER);

export const range = z.strictObject({ min: bound, max: bound }).refine(({ min, max }) => min <= max, {
  error: 'expected min to be at most max',
});
export type Range = Readonly<z.output<typeof range>>;

/** Input fields with the same value in every run. */
export const fixedInput = z
  .record(fieldName, z.json())
  // PostgreSQL stores neither.
  .refine((fields) => !/\\u(?:0000|d[89a-f])/.test(JSON.stringify(fields)), {
    error: 'expected texts without NUL and halves of characters',
  })
  .transform((fields) => fields as JsonObject);

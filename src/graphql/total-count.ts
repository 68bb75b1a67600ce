import { MAX_COUNT } from './reads.ts';
import type { CountPolicy } from './policy/field-policy.ts';

/** A page of a list that can be counted. */
export type Countable = { readonly count: () => Promise<number> };

/** The field `totalCount` of a connection. */
export const TOTAL_COUNT = {
  description: `Number of entries that match the filters, on all pages. ${MAX_COUNT} for a longer list.`,
  extensions: { countsRows: true } satisfies CountPolicy,
  resolve: ({ count }: Countable) => count(),
};

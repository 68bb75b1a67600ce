import { acknowledgedIsKept } from './rules/acknowledged.ts';
import { endedAsFalDecided } from './rules/ends.ts';
import { everythingSettles } from './rules/rest.ts';
import { lastFramesAreTheRows } from './rules/last-frames.ts';
import { ledgerIsRight } from './rules/spend.ts';
import { submittedOnce } from './rules/submits.ts';
import { tenantsAreApart } from './rules/tenants.ts';
import { versionsOnlyGrow } from './rules/versions.ts';
import type { Recorded, Rule, Violation } from './calls.ts';

/** What has to hold of every history, whatever was done to the servers meanwhile. */
export const RULES = {
  'what was acknowledged is kept': acknowledgedIsKept,
  'a job is submitted once': submittedOnce,
  'a run has one end, the one fal decided': endedAsFalDecided,
  'versions only grow': versionsOnlyGrow,
  'the last frame is the row': lastFramesAreTheRows,
  'tenants are apart': tenantsAreApart,
  'the ledger is right': ledgerIsRight,
  'everything settles': everythingSettles,
} as const satisfies Readonly<Record<string, Rule>>;

/** Pure: the same history and facts give the same violations. */
export function check(recorded: Recorded): Violation[] {
  return Object.entries(RULES).flatMap(([rule, problemsIn]) =>
    problemsIn(recorded).map((text) => ({ rule, text })),
  );
}

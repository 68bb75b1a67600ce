import { acknowledgedIsKept } from './invariants/acknowledged.ts';
import { endedAsFalDecided } from './invariants/ends.ts';
import { everythingSettles } from './invariants/settled.ts';
import { lastFramesAreTheRows } from './invariants/last-frames.ts';
import { ledgerIsRight } from './invariants/spend.ts';
import { submittedOnce } from './invariants/submits.ts';
import { tenantsAreApart } from './invariants/tenants.ts';
import { versionsOnlyGrow } from './invariants/versions.ts';
import type { Recorded, Invariant, Violation } from './calls.ts';

/** They hold of every history, whatever happened to the servers. */
export const INVARIANTS = {
  'what was acknowledged is kept': acknowledgedIsKept,
  'a job is submitted once': submittedOnce,
  'a run has one end, the one fal decided': endedAsFalDecided,
  'versions only grow': versionsOnlyGrow,
  'the last frame is the row': lastFramesAreTheRows,
  'tenants are apart': tenantsAreApart,
  'the ledger is right': ledgerIsRight,
  'everything settles': everythingSettles,
} as const satisfies Readonly<Record<string, Invariant>>;

/** Pure: the same history and final give the same violations. */
export function check(recorded: Recorded): Violation[] {
  return Object.entries(INVARIANTS).flatMap(([invariant, problemsIn]) =>
    problemsIn(recorded).map((text) => ({ invariant, text })),
  );
}

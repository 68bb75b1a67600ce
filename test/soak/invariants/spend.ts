import { REFUSED, type Recorded } from '../calls.ts';
import type { JobRow } from '../final-state.ts';

/** The jobs table is the ledger: what it counts as spent is what fal took, but for the jobs whose outcome is unknown. */
export function ledgerIsRight({ final }: Recorded): string[] {
  const problems: string[] = [];
  const accepted = new Map(
    final.submits.filter(({ requestId }) => requestId !== null).map((submit) => [submit.token, submit]),
  );
  let [inTable, atFal] = [0, 0];
  for (const job of final.jobs) {
    const submit = accepted.get(job.token);
    if (submit !== undefined && job.units !== submit.units)
      problems.push(`${job.id} counts ${job.units} units, and fal was asked for ${submit.units}`);
    if (isRefused(job)) {
      if (submit !== undefined) problems.push(`${job.id} counts as refused, and fal took it`);
      continue;
    }
    if (isUnknown(job)) continue;
    inTable += job.units;
    atFal += submit?.units ?? 0;
    if (submit === undefined) problems.push(`${job.id} counts as spent, and fal never took it`);
  }
  if (inTable !== atFal) problems.push(`${inTable} units are in the jobs table, and fal took ${atFal}`);
  return problems;
}

/** Jobs that count as spent although nobody here knows whether fal took them. */
export function unknownsIn({ final }: Recorded): { readonly job: JobRow; readonly tookIt: boolean }[] {
  const taken = new Set(
    final.submits.filter(({ requestId }) => requestId !== null).map(({ token }) => token),
  );
  return final.jobs
    .filter((job) => !isRefused(job) && isUnknown(job))
    .map((job) => ({ job, tookIt: taken.has(job.token) }));
}

function isRefused({ state, errorCode }: JobRow): boolean {
  return state === 'FAILED' && REFUSED.has(errorCode ?? '');
}

function isUnknown({ requestId }: JobRow): boolean {
  return requestId === null;
}

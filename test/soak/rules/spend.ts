import { REFUSED, type Recorded } from '../calls.ts';
import type { JobRow } from '../facts.ts';

/** The jobs table is the ledger: what it counts as spent is what fal took, but for the jobs whose outcome is unknown. */
export function ledgerIsRight({ facts }: Recorded): string[] {
  const problems: string[] = [];
  const accepted = new Map(
    facts.posts.filter(({ requestId }) => requestId !== null).map((post) => [post.token, post]),
  );
  let [inTable, atFal] = [0, 0];
  for (const job of facts.jobs) {
    const post = accepted.get(job.token);
    if (post !== undefined && job.units !== post.units)
      problems.push(`${job.id} counts ${job.units} units, and fal was asked for ${post.units}`);
    if (isRefused(job)) {
      if (post !== undefined) problems.push(`${job.id} counts as refused, and fal took it`);
      continue;
    }
    if (isUnknown(job)) continue;
    inTable += job.units;
    atFal += post?.units ?? 0;
    if (post === undefined) problems.push(`${job.id} counts as spent, and fal never took it`);
  }
  if (inTable !== atFal) problems.push(`${inTable} units are in the jobs table, and fal took ${atFal}`);
  return problems;
}

/** Jobs that count as spent although nobody here knows whether fal took them. */
export function unknownsIn({ facts }: Recorded): { readonly job: JobRow; readonly tookIt: boolean }[] {
  const taken = new Set(facts.posts.filter(({ requestId }) => requestId !== null).map(({ token }) => token));
  return facts.jobs
    .filter((job) => !isRefused(job) && isUnknown(job))
    .map((job) => ({ job, tookIt: taken.has(job.token) }));
}

function isRefused({ state, errorCode }: JobRow): boolean {
  return state === 'FAILED' && REFUSED.has(errorCode ?? '');
}

function isUnknown({ requestId }: JobRow): boolean {
  return requestId === null;
}

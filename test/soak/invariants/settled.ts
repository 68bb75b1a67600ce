import { FINAL, type Recorded } from '../calls.ts';

/**
 * Every job ends. Only a submit with unknown outcome and without a webhook may stay open, and its
 * owner sees that.
 */
export function everythingSettles({ history, final }: Recorded): string[] {
  const problems: string[] = [];
  const delivered = new Set(
    history.flatMap((entry) =>
      entry.kind === 'webhook' && entry.status !== null && entry.status >= 200 && entry.status < 300
        ? [entry.requestId]
        : [],
    ),
  );
  const submits = new Map(final.submits.map((submit) => [submit.token, submit]));
  const shown = new Map([...final.avatars, ...final.generations].map((row) => [row.id, row]));
  for (const { id, state, token, errorCode, avatarId, generationId } of final.jobs) {
    if (FINAL.has(state)) continue;
    const submit = submits.get(token);
    if (state !== 'SUBMIT_UNKNOWN') {
      problems.push(`${id} is still ${state}`);
    } else if (submit?.requestId != null && submit.isReported && delivered.has(submit.requestId)) {
      problems.push(`${id} is still ${state}, although its webhook was taken`);
    } else {
      // A deleted avatar has no owner who could see it.
      const seen = shown.get(generationId ?? avatarId ?? '')?.errorCode;
      if (errorCode !== 'SUBMIT_OUTCOME_UNKNOWN' || (avatarId !== null && seen !== errorCode))
        problems.push(`${id} is ${state}, and does not say so`);
    }
  }
  for (const { requestId, end } of final.submits)
    if (requestId !== null && end === null) problems.push(`the run ${requestId} is still open at fal`);
  if (final.unpublished > 0) problems.push(`${final.unpublished} changes were never announced`);
  return problems;
}

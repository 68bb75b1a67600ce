import { callsIn, callsOf, rowOf, type Recorded } from '../calls.ts';

/** fal gets at most one submit per job, and accepts at most one per idempotency key; a key names one thing. */
export function submittedOnce({ history, final }: Recorded): string[] {
  const problems: string[] = [];
  const jobs = new Set(final.jobs.map(({ token }) => token));
  const ofToken = new Map<string, number>();
  const ofKey = new Map<string, number>();
  for (const { token, key, requestId } of final.submits) {
    if (token === null || !jobs.has(token)) {
      problems.push(`fal got a submit (run ${requestId ?? 'refused'}) that no job tells of`);
      continue;
    }
    ofToken.set(token, (ofToken.get(token) ?? 0) + 1);
    if (requestId !== null && key !== null) ofKey.set(key, (ofKey.get(key) ?? 0) + 1);
  }
  for (const { id, token } of final.jobs) {
    const count = ofToken.get(token) ?? 0;
    if (count > 1) problems.push(`${id} was submitted ${count} times`);
  }
  for (const [key, count] of ofKey) if (count > 1) problems.push(`fal took ${count} runs for the key ${key}`);

  const calls = callsIn(history);
  const named = new Map<string, string>();
  for (const call of [...callsOf(calls, 'train'), ...callsOf(calls, 'generate')]) {
    const row = rowOf(call);
    if (row === null) continue;
    const { key } = call.operation;
    const first = named.get(key);
    if (first !== undefined && first !== row.id)
      problems.push(`the key ${key} was answered with ${first} and with ${row.id}`);
    named.set(key, row.id);
  }
  return problems;
}

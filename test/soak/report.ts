import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { callsIn, type Recorded, type Violation } from './calls.ts';
import { unknownsIn } from './invariants/spend.ts';

/** The most violations of one invariant that are printed; the rest is counted. */
const MOST_PRINTED = 20;

/** How many of each thing there were, most first. */
function counted(things: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return listed(counts);
}

export function listed(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return sorted.map(([thing, count]) => `${thing} ${count}`).join(', ') || 'none';
}

/** For people: what happened, what is unknown, and everything that is wrong. */
export function reportOf(recorded: Recorded, violations: readonly Violation[]): string {
  const { history, final } = recorded;
  const calls = callsIn(history);
  const ends = calls.map(({ operation, end }) => {
    const how = end?.kind === 'fail' ? end.code : (end?.kind ?? 'unanswered');
    return `${operation.kind}:${how}`;
  });
  const frames = history.filter(({ kind }) => kind === 'frame').length;
  const streams = history.filter(({ kind }) => kind === 'opened').length;
  const webhooks = history.flatMap((entry) =>
    entry.kind === 'webhook' ? [String(entry.status ?? 'no answer')] : [],
  );
  const accepted = final.submits.filter(({ requestId }) => requestId !== null);
  const unknowns = unknownsIn(recorded);
  const lines = [
    `calls       ${calls.length}: ${counted(ends)}`,
    `streams     ${streams}, with ${frames} frames`,
    `fal         took ${accepted.length} of ${final.submits.length} submits: ${counted(accepted.map(({ end }) => end ?? 'open'))}`,
    `webhooks    ${webhooks.length}: ${counted(webhooks)}`,
    `jobs        ${final.jobs.length}: ${counted(final.jobs.map(({ state }) => state))}`,
    `unknown     ${unknowns.length} submits whose outcome nobody here knows, of which fal took ${unknowns.filter(({ tookIt }) => tookIt).length}`,
    ...unknowns.map(({ job, tookIt }) => `  ${job.id} ${job.state}${tookIt ? ', at fal' : ''}`),
  ];
  const invariants = new Map<string, Violation[]>();
  for (const violation of violations)
    invariants.set(violation.invariant, [...(invariants.get(violation.invariant) ?? []), violation]);
  for (const [invariant, list] of invariants) {
    lines.push(`BROKEN: ${invariant} (${list.length})`);
    lines.push(...list.slice(0, MOST_PRINTED).map(({ text }) => `  ${text}`));
  }
  lines.push(violations.length === 0 ? 'every invariant held' : `${violations.length} violations`);
  return lines.join('\n');
}

/** Writes a history a line an entry, and as its last line how things stood at the end; resolves with the file's path. */
export async function saveHistory({ history, final }: Recorded, seed: number): Promise<string> {
  const file = join(tmpdir(), `likeness-history-${seed}.jsonl`);
  const lines = [...history, final].map((entry) => JSON.stringify(entry));
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

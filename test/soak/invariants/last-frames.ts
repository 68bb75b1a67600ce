import type { Recorded } from '../calls.ts';
import type { Entry, ObservedRow } from '../history.ts';
import type { FinalState, VisibleRow } from '../final-state.ts';

type Subscriber = {
  readonly name: string;
  readonly tenant: string;
  readonly about: string | null;
  readonly last: Map<string, ObservedRow>;
  end: Extract<Entry, { kind: 'closed' }>['how'] | null;
};

/** After all jobs have ended, the last state of a subscriber equals the row, and streams of deleted rows are complete. */
export function lastFramesAreTheRows({ history, final }: Recorded): string[] {
  const rows = new Map([...final.avatars, ...final.generations].map((row) => [row.id, row]));
  const avatarsOf = new Map<string, string[]>();
  for (const { id, owner } of final.avatars) avatarsOf.set(owner, [...(avatarsOf.get(owner) ?? []), id]);

  return [...subscribersIn(history).values()].flatMap((subscriber) => {
    const { name, tenant, about, last, end } = subscriber;
    if (end === 'lost') return [`${name} lost its stream and did not come again`];
    if (about === null) {
      if (end === 'complete') return [`${name} got a complete stream of a tenant's avatars`];
      return (avatarsOf.get(tenant) ?? []).flatMap((id) => differs(name, rows.get(id), last.get(id)));
    }
    const row = rows.get(about);
    // Somebody else's: nothing may have come, and the stream ends at once.
    if (row !== undefined && row.owner !== tenant) return [];
    if (row === undefined)
      return end === 'complete' ? [] : [`${name} still has a stream of ${about}, which is gone`];
    const seen = last.get(about);
    if (end !== 'complete') return differs(name, row, seen);
    const isGeneration = about.startsWith('gen_');
    if (isGeneration && isCorrected(final, row, seen)) return [];
    if (isGeneration && seen?.version === row.version) return differs(name, row, seen);
    return [`${name} got a complete stream of ${about}, which is still there`];
  });
}

/** A failure ended the stream, and a webhook contradicted it later. */
function isCorrected({ jobs, submits }: FinalState, row: VisibleRow, seen: ObservedRow | undefined): boolean {
  if (seen?.status !== 'FAILED' || row.status !== 'COMPLETED') return false;
  const runs = jobs.filter(({ generationId }) => generationId === row.id).map(({ requestId }) => requestId);
  return submits.some(({ requestId, isContradicted }) => isContradicted && runs.includes(requestId));
}

function differs(name: string, row: VisibleRow | undefined, seen: ObservedRow | undefined): string[] {
  if (row === undefined) return [];
  if (seen === undefined) return [`${name} never got a state of ${row.id}`];
  const { status, version, requestId, errorCode } = row;
  const isSame =
    seen.status === status &&
    seen.version === version &&
    seen.requestId === requestId &&
    seen.errorCode === errorCode;
  return isSame
    ? []
    : [`${name} last saw ${row.id} ${seen.status} at ${seen.version}; it is ${status} at ${version}`];
}

function subscribersIn(history: readonly Entry[]): Map<string, Subscriber> {
  const subscribers = new Map<string, Subscriber>();
  const byStream = new Map<number, Subscriber>();
  for (const entry of history) {
    if (entry.kind === 'opened') {
      const { subscriber: name, tenant, about, stream } = entry;
      const known = subscribers.get(name) ?? { name, tenant, about, last: new Map(), end: null };
      known.end = null;
      subscribers.set(name, known);
      byStream.set(stream, known);
    }
    if (entry.kind === 'frame') byStream.get(entry.stream)?.last.set(entry.row.id, entry.row);
    const closed = entry.kind === 'closed' ? byStream.get(entry.stream) : undefined;
    if (closed !== undefined && entry.kind === 'closed') closed.end = entry.how;
  }
  return subscribers;
}

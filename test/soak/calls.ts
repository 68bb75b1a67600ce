import type { Entry, Operation, SeenRow } from './history.ts';
import type { Facts } from './facts.ts';

export type Recorded = { readonly history: readonly Entry[]; readonly facts: Facts };

/** What is wrong, as a sentence that names what it is about. */
export type Violation = { readonly rule: string; readonly text: string };

export type Rule = (recorded: Recorded) => readonly string[];

/** A call with its end. Places are indexes in the history. */
export type Call<O extends Operation = Operation> = {
  readonly call: number;
  readonly tenant: string;
  readonly operation: O;
  readonly began: number;
  /** Infinity: it never ended. */
  readonly ended: number;
  readonly end: Extract<Entry, { kind: 'ok' | 'fail' | 'info' }> | null;
};

export function callsIn(history: readonly Entry[]): Call[] {
  const ends = new Map<number, { readonly at: number; readonly end: NonNullable<Call['end']> }>();
  for (const [at, entry] of history.entries()) {
    if (entry.kind === 'ok' || entry.kind === 'fail' || entry.kind === 'info')
      ends.set(entry.call, { at, end: entry });
  }
  return history.flatMap((entry, began) => {
    if (entry.kind !== 'invoke') return [];
    const { call, tenant, operation } = entry;
    const { at = Infinity, end = null } = ends.get(call) ?? {};
    return [{ call, tenant, operation, began, ended: at, end }];
  });
}

export function callsOf<K extends Operation['kind']>(
  calls: readonly Call[],
  kind: K,
): Call<Extract<Operation, { kind: K }>>[] {
  return calls.filter((call): call is Call<Extract<Operation, { kind: K }>> => call.operation.kind === kind);
}

/** The row that an acknowledged call showed. */
export function rowOf({ end }: Call): SeenRow | null {
  return end?.kind === 'ok' ? (end.row ?? null) : null;
}

/** Who made each thing, as far as anything tells: the tables, and the answers to those who made it. */
export function ownersIn({ history, facts }: Recorded): Map<string, string> {
  const owners = new Map<string, string>();
  for (const call of callsIn(history)) {
    const row = rowOf(call);
    const { kind } = call.operation;
    if (row !== null && (kind === 'create' || kind === 'generate')) owners.set(row.id, call.tenant);
  }
  for (const { id, owner } of [...facts.avatars, ...facts.generations]) owners.set(id, owner);
  for (const { id, owner, requestId } of facts.jobs) {
    owners.set(id, owner);
    if (requestId !== null) owners.set(requestId, owner);
  }
  return owners;
}

/** Each avatar's or generation's observations in the order in which they were made, whoever made them. */
export function sightingsIn(history: readonly Entry[]): Map<string, Sighting[]> {
  const sightings = new Map<string, Sighting[]>();
  for (const [at, entry] of history.entries()) {
    const row = entry.kind === 'frame' || entry.kind === 'ok' ? entry.row : null;
    if (row == null) continue;
    const list = sightings.get(row.id);
    if (list === undefined) sightings.set(row.id, [{ at, row }]);
    else list.push({ at, row });
  }
  return sightings;
}

export type Sighting = { readonly at: number; readonly row: SeenRow };

export const FINAL: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
export const REFUSED: ReadonlySet<string> = new Set(['PROVIDER_REJECTED', 'PROVIDER_UNAVAILABLE']);

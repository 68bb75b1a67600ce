import type { Entry, Operation, ObservedRow } from './history.ts';
import type { FinalState } from './final-state.ts';

export type Recorded = { readonly history: readonly Entry[]; readonly final: FinalState };

/** `text` names the row. */
export type Violation = { readonly invariant: string; readonly text: string };

export type Invariant = (recorded: Recorded) => readonly string[];

/** A call with its end. `began` and `ended` are indexes in the history. */
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
export function rowOf({ end }: Call): ObservedRow | null {
  return end?.kind === 'ok' ? (end.row ?? null) : null;
}

/** The owner of each id, from the tables and from the answers to its creator. */
export function ownersIn({ history, final }: Recorded): Map<string, string> {
  const owners = new Map<string, string>();
  for (const call of callsIn(history)) {
    const row = rowOf(call);
    const { kind } = call.operation;
    if (row !== null && (kind === 'create' || kind === 'generate')) owners.set(row.id, call.tenant);
  }
  for (const { id, owner } of [...final.avatars, ...final.generations]) owners.set(id, owner);
  for (const { id, owner, requestId } of final.jobs) {
    owners.set(id, owner);
    if (requestId !== null) owners.set(requestId, owner);
  }
  return owners;
}

/** The observations of each avatar and generation by all tenants, oldest first. */
export function observationsIn(history: readonly Entry[]): Map<string, Observation[]> {
  const observations = new Map<string, Observation[]>();
  for (const [at, entry] of history.entries()) {
    const row = entry.kind === 'frame' || entry.kind === 'ok' ? entry.row : null;
    if (row == null) continue;
    const list = observations.get(row.id);
    if (list === undefined) observations.set(row.id, [{ at, row }]);
    else list.push({ at, row });
  }
  return observations;
}

export type Observation = { readonly at: number; readonly row: ObservedRow };

export const FINAL: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
export const REFUSED: ReadonlySet<string> = new Set(['PROVIDER_REJECTED', 'PROVIDER_UNAVAILABLE']);

import { callsIn, callsOf, ownersIn, rowOf, type Call, type Recorded } from '../calls.ts';
import type { Operation } from '../history.ts';

type Delete = Call<Extract<Operation, { kind: 'delete' }>>;

/**
 * What was acknowledged is there: a created avatar until its owner deletes it, a started training and a generation as
 * a job under its key; and what was acknowledged as deleted never comes back.
 */
export function acknowledgedIsKept(recorded: Recorded): string[] {
  const { history, final } = recorded;
  const calls = callsIn(history);
  const owners = ownersIn(recorded);
  const avatars = new Map(final.avatars.map((row) => [row.id, row]));
  const generations = new Map(final.generations.map((row) => [row.id, row]));
  const keys = new Set(final.jobs.map(({ owner, key }) => `${owner} ${key ?? ''}`));
  const deletes = new Map<string, Delete[]>();
  for (const call of callsOf(calls, 'delete')) {
    if (owners.get(call.operation.avatarId) !== call.tenant || call.end?.kind === 'fail') continue;
    deletes.set(call.operation.avatarId, [...(deletes.get(call.operation.avatarId) ?? []), call]);
  }
  const problems: string[] = [];

  const createdAt = new Map<string, number>();
  for (const call of callsOf(calls, 'create')) {
    const row = rowOf(call);
    if (row === null) continue;
    createdAt.set(row.id, call.ended);
    if (!deletes.has(row.id) && !avatars.has(row.id)) problems.push(`${row.id} was created and is gone`);
  }
  for (const call of callsOf(calls, 'generate')) {
    const row = rowOf(call);
    if (row === null) continue;
    createdAt.set(row.id, Math.min(call.ended, createdAt.get(row.id) ?? Infinity));
    if (!deletes.has(call.operation.avatarId) && !generations.has(row.id))
      problems.push(`${row.id} was acknowledged and is gone`);
  }
  for (const call of [...callsOf(calls, 'train'), ...callsOf(calls, 'generate')]) {
    const { key, kind } = call.operation;
    if (call.end?.kind === 'ok' && !keys.has(`${call.tenant} ${key}`))
      problems.push(`${kind} with key ${key} was acknowledged, and there is no job of it`);
  }
  const avatarOf = new Map(
    callsOf(calls, 'generate').flatMap((call): [string, string][] => {
      const row = rowOf(call);
      return row === null ? [] : [[row.id, call.operation.avatarId]];
    }),
  );
  for (const read of callsOf(calls, 'read')) {
    const { id } = read.operation;
    if (read.end?.kind !== 'ok' || owners.get(id) !== read.tenant) continue;
    const deletions = deletes.get(avatarOf.get(id) ?? id) ?? [];
    const isThere = read.end.row != null;
    if (isThere && deletions.some(({ end, ended }) => end?.kind === 'ok' && ended < read.began))
      problems.push(`${id} was deleted and read again afterwards`);
    const mayBeGone = deletions.some(({ began }) => began < read.ended);
    if (!isThere && !mayBeGone && (createdAt.get(id) ?? Infinity) < read.began)
      problems.push(`${id} was acknowledged, and a read did not find it`);
  }
  for (const [id, list] of deletes) {
    if (!list.some(({ end }) => end?.kind === 'ok')) continue;
    if (avatars.has(id)) problems.push(`${id} was deleted and is there again`);
    const left = final.generations.filter(({ avatarId }) => avatarId === id);
    if (left.length > 0) problems.push(`${id} was deleted, and generations of it are left`);
  }
  return problems;
}

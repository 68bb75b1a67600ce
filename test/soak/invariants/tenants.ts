import { callsIn, ownersIn, type Recorded } from '../calls.ts';

/** Nobody is shown an id of somebody else's thing, and nobody can do anything to it. */
export function tenantsAreApart(recorded: Recorded): string[] {
  const problems: string[] = [];
  const owners = ownersIn(recorded);
  const calls = callsIn(recorded.history);
  const tenantOf = new Map(calls.map(({ call, tenant }) => [call, tenant]));
  const tenantOfStream = new Map<number, string>();
  for (const entry of recorded.history) {
    if (entry.kind === 'opened') tenantOfStream.set(entry.stream, entry.tenant);
    const isAnswer = entry.kind === 'ok' || entry.kind === 'fail';
    if (!isAnswer && entry.kind !== 'frame') continue;
    const tenant = isAnswer ? tenantOf.get(entry.call) : tenantOfStream.get(entry.stream);
    for (const id of entry.ids) {
      const owner = owners.get(id);
      if (owner !== undefined && owner !== tenant)
        problems.push(`${tenant ?? 'nobody'} was shown ${id}, which is ${owner}'s`);
    }
  }
  for (const { tenant, operation, end } of calls) {
    if (operation.kind === 'create' || end?.kind !== 'ok') continue;
    const id = operation.kind === 'read' ? operation.id : operation.avatarId;
    const owner = owners.get(id);
    const isNothing = operation.kind === 'read' && end.row === null;
    if (owner !== undefined && owner !== tenant && !isNothing)
      problems.push(`${tenant} could ${operation.kind} ${id}, which is ${owner}'s`);
  }
  return problems;
}

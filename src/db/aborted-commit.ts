import type pg from 'pg';

/** Nothing of the transaction was saved: one of its statements had failed and the failure was passed over. */
export class AbortedCommitError extends Error {
  override name = 'HollowCommitError';

  constructor() {
    super('The transaction was rolled back by its COMMIT, because a statement in it had failed');
  }
}

/**
 * PostgreSQL answers the COMMIT of a failed transaction by rolling it back, and calls that success: only the answer's
 * command says ROLLBACK. Prisma does not look, so code that catches an error inside a transaction and goes on would be
 * told that its writes were saved. On this client such a COMMIT throws HollowCommitError.
 */
export function refuseAbortedCommits(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  Object.assign(client, {
    query: (...args: unknown[]): unknown => {
      const answer = query(...args);
      return isCommit(args[0]) && answer instanceof Promise ? answer.then(checked) : answer;
    },
  });
}

function isCommit(query: unknown): boolean {
  const text = typeof query === 'object' && query !== null && 'text' in query ? query.text : query;
  return text === 'COMMIT';
}

function checked(result: { command?: string }): unknown {
  if (result.command === 'ROLLBACK') throw new AbortedCommitError();
  return result;
}

import type pg from 'pg';

/** Nothing of the transaction was saved: a statement in it had failed and the error was ignored. */
class AbortedCommitError extends Error {
  override name = 'AbortedCommitError';

  constructor() {
    super('The transaction was rolled back by its COMMIT, because a statement in it had failed');
  }
}

/**
 * PostgreSQL rolls a failed transaction back at its COMMIT and reports success: only the answer's command is ROLLBACK.
 * Prisma ignores the command, so code that catches an error inside a transaction would take its writes for saved. On this
 * client such a COMMIT throws AbortedCommitError.
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

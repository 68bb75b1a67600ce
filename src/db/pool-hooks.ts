import type pg from 'pg';
import { refuseAbortedCommits } from './aborted-commit.ts';
import type { OperatorLog } from '../log/log.ts';

/**
 * Three rules every pool of ours follows.
 *
 * A connection that breaks ends no process, which an 'error' event without a listener would: an idle one is logged; a
 * lent one fails the query that waits on it or the next one, and whoever borrowed it hears it that way.
 *
 * A client that comes back while a statement is unanswered or a transaction is open is closed, not lent again.
 * Prisma hands clients back without a word after a COMMIT or ROLLBACK that failed or timed out, and the next
 * borrower would run inside the last one's transaction.
 *
 * A COMMIT that saved nothing throws.
 */
export function keepPoolClean(pool: pg.Pool, log: OperatorLog): void {
  pool.on('error', (error) => {
    log.warn({ err: error }, 'A database connection was lost; the next query opens another');
  });
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    refuseAbortedCommits(client);
  });
  pool.on('release', (_error, client) => {
    if (!isClean(client)) void client.end();
  });
}

/** The type declarations of pg leave out `readyForQuery`, which is false from sending a query to its last answer. */
function isClean(client: pg.PoolClient & { readyForQuery?: boolean }): boolean {
  const status = client.getTransactionStatus();
  return client.readyForQuery === true && status !== 'T' && status !== 'E';
}

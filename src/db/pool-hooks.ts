import type pg from 'pg';
import { refuseAbortedCommits } from './aborted-commit.ts';
import type { OperatorLog } from '../log/log.ts';

/**
 * Three rules for every pool.
 *
 * A broken connection does not end the process, as an 'error' event without a listener would. An idle one is logged; a
 * borrowed one fails its current or next query.
 *
 * A client released with an unanswered statement or an open transaction is closed, not reused. Prisma releases clients
 * without an error after a COMMIT or ROLLBACK that failed or timed out, and the next borrower would run inside that
 * transaction.
 *
 * A COMMIT that saved nothing throws.
 */
export function keepPoolClean(pool: pg.Pool, log: OperatorLog): void {
  pool.on('error', (error: Error & { client?: unknown }) => {
    // The pool adds the client, which has the host, the key to cancel its queries and the prepared statements.
    delete error.client;
    log.warn({ err: error }, 'database connection lost; the next query opens another');
  });
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    refuseAbortedCommits(client);
  });
  pool.on('release', (_error, client) => {
    if (!isClean(client)) void client.end();
  });
}

/** `readyForQuery` is missing in pg's types; it is false from sending a query to its last answer. */
function isClean(client: pg.PoolClient & { readyForQuery?: boolean }): boolean {
  const status = client.getTransactionStatus();
  return client.readyForQuery === true && status !== 'T' && status !== 'E';
}

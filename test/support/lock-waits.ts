import type pg from 'pg';
import { eventually } from './eventually.ts';

/** Resolves when exactly so many transactions of the database wait for a lock; on PostgreSQL only. */
export async function lockWaits(pool: Pick<pg.Pool, 'query'>, count: number): Promise<void> {
  await eventually(`${count} transactions to wait for a lock`, async () => {
    const { rowCount } = await pool.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rowCount === count;
  });
}

import { randomUUID } from 'node:crypto';
import type pg from 'pg';

/** Names this database to storages outside of it, for good. A copy of the database has the same. */
export async function readDatabaseId(pool: pg.Pool): Promise<string> {
  // Two statements: the second sees the row of an instance that was faster.
  await pool.query('INSERT INTO database_identity (id) VALUES ($1) ON CONFLICT (is_only) DO NOTHING', [
    randomUUID(),
  ]);
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM database_identity');
  return rows[0]?.id ?? '';
}

import type pg from 'pg';

/** Lends the work one client of the pool until it has ended, however it ended. */
export async function inSession<T>(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

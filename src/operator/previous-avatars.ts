import { withOwnClient } from '../db/postgres.ts';

export type PreviousRow = Readonly<Record<string, unknown>>;

/** Gives every row of the table `avatars` of another PostgreSQL, in the order of its ids. Only reads there. */
export async function readPreviousAvatars(
  databaseUrl: string,
  take: (row: PreviousRow) => Promise<void>,
): Promise<void> {
  await withOwnClient(databaseUrl, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query('DECLARE previous NO SCROLL CURSOR FOR SELECT * FROM avatars ORDER BY id');
    for (;;) {
      const { rows } = await client.query<PreviousRow>('FETCH 100 FROM previous');
      for (const row of rows) await take(row);
      if (rows.length === 0) return;
    }
  });
}

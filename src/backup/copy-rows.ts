import type pg from 'pg';
import { quoted, type Table } from '../db/introspection.ts';

/** Of rows under way at once: large answers of fal make small batches, and memory stays bounded. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_ROWS = 1000;
const CURSOR = 'copied_rows';

/**
 * A table's rows, each as PostgreSQL writes a whole row in one text, in batches. Within a transaction after `fixTexts`.
 *
 * @param widest bytes of the longest row's text
 */
export async function* readRows(
  client: pg.ClientBase,
  table: string,
  widest: number,
): AsyncGenerator<string[], void> {
  const count = Math.max(1, Math.min(BATCH_ROWS, Math.floor(BATCH_BYTES / Math.max(1, widest))));
  await client.query(
    `DECLARE ${CURSOR} NO SCROLL CURSOR FOR SELECT whole_row::text AS line FROM ${quoted(table)} AS whole_row`,
  );
  for (;;) {
    const { rows } = await client.query<{ line: string }>(`FETCH ${count} FROM ${CURSOR}`);
    if (rows.length > 0) yield rows.map(({ line }) => line);
    if (rows.length < count) break;
  }
  await client.query(`CLOSE ${CURSOR}`);
}

/** Puts rows as `readRows` gives them into a table that has the same columns. */
export async function insertRows(
  client: pg.ClientBase,
  table: Table,
  lines: readonly string[],
): Promise<void> {
  const name = quoted(table.name);
  await client.query(
    `INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT rows.* FROM unnest($1::${name}[]) AS rows`,
    [lines],
  );
}

import type pg from 'pg';
import {
  fixTexts,
  quoted,
  readSequences,
  readTables,
  setSequences,
  type Sequence,
  type Table,
} from './tables.ts';
import { readApplied } from '../db/migrations/migrate.ts';
import { readChecksum, type TableChecksum } from './table-checksum.ts';
import { MB } from '../values/units.ts';

/** Rows in memory at once. Large responses of fal make small batches. */
export const BATCH = { rows: 1000, bytes: 4 * MB };
const CURSOR = 'copied_rows';

/** What a database holds, as far as it is copied. */
export type Contents = {
  /** The migrations that made the tables: the rows fit these and no others. */
  readonly migrations: readonly { readonly name: string; readonly checksum: string }[];
  readonly tables: readonly (Table & TableChecksum)[];
  readonly sequences: readonly Sequence[];
};

/** A table's checksums as computed by the source and the target. */
export type ComparedTable = {
  readonly name: string;
  readonly from: TableChecksum;
  readonly to: TableChecksum;
};

/** Within a transaction; calls `fixTexts`. */
export async function readContents(client: pg.ClientBase): Promise<Contents> {
  await fixTexts(client);
  const migrations = (await readApplied(client)).map(({ name, checksum }) => ({ name, checksum }));
  const tables: (Table & TableChecksum)[] = [];
  for (const table of await readTables(client)) {
    tables.push({ ...table, ...(await readChecksum(client, table.name)) });
  }
  return { migrations, tables, sequences: await readSequences(client) };
}

/** A table's rows in batches, each row as the one text that PostgreSQL makes of it. Within a transaction after `fixTexts`. */
export async function* readRows(client: pg.ClientBase, table: string): AsyncGenerator<string[], void> {
  const from = `FROM ${quoted(table)} AS whole_row`;
  const { rows: sizes } = await client.query<{ widest: number }>(
    `SELECT coalesce(max(octet_length(whole_row::text)), 1) AS widest ${from}`,
  );
  const count = Math.max(1, Math.min(BATCH.rows, Math.floor(BATCH.bytes / (sizes[0]?.widest ?? 1))));
  await client.query(`DECLARE ${CURSOR} NO SCROLL CURSOR FOR SELECT whole_row::text AS line ${from}`);
  for (;;) {
    const { rows } = await client.query<{ line: string }>(`FETCH ${count} FROM ${CURSOR}`);
    if (rows.length > 0) yield rows.map(({ line }) => line);
    if (rows.length < count) break;
  }
  await client.query(`CLOSE ${CURSOR}`);
}

/**
 * Fills the empty tables of a database that the same migrations made, and compares every table with its source. Within
 * a transaction that is committed right afterwards: setting a sequence is not undone by a rollback.
 *
 * @param whose names the source in error messages
 * @param copy calls `insert` with all rows, table by table in the order of `contents.tables`
 */
export async function fillTables(
  client: pg.ClientBase,
  whose: string,
  contents: Contents,
  copy: (insert: (table: Table, rows: readonly string[]) => Promise<void>) => Promise<void>,
): Promise<ComparedTable[]> {
  await fixTexts(client);
  requireSameColumns(whose, contents.tables, await readTables(client));
  await copy(async ({ name }, rows) => {
    const table = quoted(name);
    await client.query(
      `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT rows.* FROM unnest($1::${table}[]) AS rows`,
      [rows],
    );
  });
  const compared: ComparedTable[] = [];
  for (const { name, rows, checksum } of contents.tables) {
    const to = await readChecksum(client, name);
    if (to.rows !== rows || to.checksum !== checksum) {
      throw new Error(`The copy of ${name} differs (${rows} rows, then ${to.rows}). Nothing was committed.`);
    }
    compared.push({ name, from: { rows, checksum }, to });
  }
  await setSequences(client, contents.sequences);
  return compared;
}

/** The text of a row fits a table with the same columns in the same order. */
function requireSameColumns(whose: string, tables: readonly Table[], targets: readonly Table[]): void {
  for (const { name, columns } of tables) {
    const target = targets.find((table) => table.name === name);
    if (target?.columns.join() === columns.join()) continue;
    throw new Error(
      `The columns of ${name} differ. ${whose}: ${columns.join(', ')}. The target: ${target?.columns.join(', ') ?? 'no such table'}.`,
    );
  }
}

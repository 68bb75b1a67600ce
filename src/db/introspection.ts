import type pg from 'pg';
import { z } from 'zod';

/** A table as its catalog describes it. What is copied is never listed by hand: a new table is in the next backup. */
export const tableSchema = z.object({
  name: z.string(),
  /** In the table's own order: `name type`. */
  columns: z.array(z.string()),
});
export type Table = z.infer<typeof tableSchema>;

/** PostgreSQL's word for where a sequence stands; a text, since it may be larger than a number is exact. */
export const sequenceSchema = z.object({ name: z.string(), last: z.string(), isCalled: z.boolean() });
export type Sequence = z.infer<typeof sequenceSchema>;

/** Prisma's account of what was applied; every database has its own. */
const NOT_COPIED = '_prisma_migrations';

/**
 * What every text of a value depends on, made the same for the transaction: so a row has one text on every database,
 * and that text is the row again on another.
 */
export async function fixTexts(client: pg.ClientBase): Promise<void> {
  await client.query(`SET LOCAL TIME ZONE 'UTC'; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle = 'postgres';
    SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL xmlbinary = 'base64'`);
}

/** Every table of the schema in use, those that others refer to first. Throws when they refer to each other in a circle. */
export async function readTables(client: pg.ClientBase): Promise<Table[]> {
  const { rows: tables } = await client.query<Table>(
    `SELECT c.relname AS name,
            array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS columns
       FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> $1
      GROUP BY c.relname
      ORDER BY c.relname`,
    [NOT_COPIED],
  );
  const { rows: references } = await client.query<Reference>(
    `SELECT DISTINCT c.relname AS "from", r.relname AS "to"
       FROM pg_constraint k
       JOIN pg_class c ON c.oid = k.conrelid
       JOIN pg_class r ON r.oid = k.confrelid
      WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace`,
  );
  return inOrder(tables, references);
}

export type Reference = { readonly from: string; readonly to: string };

/** Tables so that each comes after those it refers to. */
export function inOrder(tables: readonly Table[], references: readonly Reference[]): Table[] {
  const left = new Map(tables.map((table) => [table.name, table]));
  const ordered: Table[] = [];
  while (left.size > 0) {
    const free = [...left.values()].filter(
      ({ name }) => !references.some(({ from, to }) => from === name && left.has(to)),
    );
    if (free.length === 0)
      throw new Error(`These tables refer to each other in a circle: ${[...left.keys()].join(', ')}`);
    for (const table of free) left.delete(table.name);
    ordered.push(...free);
  }
  return ordered;
}

export async function readSequences(client: pg.ClientBase): Promise<Sequence[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S' ORDER BY relname`,
  );
  const sequences: Sequence[] = [];
  for (const { name } of rows) {
    const { rows: stands } = await client.query<Sequence>(
      `SELECT $1::text AS name, last_value::text AS last, is_called AS "isCalled" FROM ${quoted(name)}`,
      [name],
    );
    sequences.push(...stands);
  }
  return sequences;
}

export async function setSequences(client: pg.ClientBase, sequences: readonly Sequence[]): Promise<void> {
  for (const { name, last, isCalled } of sequences) {
    await client.query('SELECT setval($1::regclass, $2::bigint, $3)', [quoted(name), last, isCalled]);
  }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

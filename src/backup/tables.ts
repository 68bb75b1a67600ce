import type pg from 'pg';
import * as z from 'zod';

/** A table as the database's catalog describes it. No table is listed by hand: a new one is in the next backup. */
export const tableSchema = z.object({
  name: z.string(),
  /** `name type`, in the table's order. */
  columns: z.array(z.string()),
});
export type Table = z.infer<typeof tableSchema>;

/** The position of a sequence; a text, since it may exceed what a number holds exactly. */
export const sequenceSchema = z.object({ name: z.string(), last: z.string(), isCalled: z.boolean() });
export type Sequence = z.infer<typeof sequenceSchema>;

/** Prisma's list of applied migrations, and the running servers: every database has its own. */
const NOT_COPIED = ['_prisma_migrations', 'instances'];

/**
 * Sets what the text form of a value depends on, for the transaction: a row then has the same text on every database,
 * and that text makes the same row on another.
 */
export async function fixTexts(client: pg.ClientBase): Promise<void> {
  await client.query(`SET LOCAL TIME ZONE 'UTC'; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle = 'postgres';
    SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL xmlbinary = 'base64'`);
}

/**
 * Every table of the current schema, each after the tables that it refers to.
 *
 * @throws if the references form a circle
 */
export async function readTables(client: pg.ClientBase): Promise<Table[]> {
  const { rows: tables } = await client.query<Table>(
    `SELECT c.relname AS name,
            array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS columns
       FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ($1)
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

type Reference = { readonly from: string; readonly to: string };

export function inOrder(tables: readonly Table[], references: readonly Reference[]): Table[] {
  const left = new Map(tables.map((table) => [table.name, table]));
  const ordered: Table[] = [];
  while (left.size > 0) {
    const free = [...left.values()].filter(
      ({ name }) => !references.some(({ from, to }) => from === name && left.has(to)),
    );
    if (free.length === 0)
      throw new Error(`Circular foreign keys between the tables ${[...left.keys()].join(', ')}`);
    for (const table of free) left.delete(table.name);
    ordered.push(...free);
  }
  return ordered;
}

export async function readSequences(client: pg.ClientBase): Promise<Sequence[]> {
  const { rows } = await client.query<Sequence>(
    `SELECT sequencename AS name, coalesce(last_value, start_value)::text AS last, last_value IS NOT NULL AS "isCalled"
       FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1`,
  );
  return rows;
}

export async function setSequences(client: pg.ClientBase, sequences: readonly Sequence[]): Promise<void> {
  for (const { name, last, isCalled } of sequences) {
    await client.query('SELECT setval($1::regclass, $2::bigint, $3)', [quoted(name), last, isCalled]);
  }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

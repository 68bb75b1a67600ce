import type pg from 'pg';
import {
  fixTexts,
  quoted,
  readSequences,
  readTables,
  setSequences,
  type Table,
} from '../db/introspection.ts';
import { insertRows, readRows } from './copy-rows.ts';
import { openEmbedded } from '../embedded/database.ts';
import type { OperatorLog } from '../log/log.ts';
import { migrateWithin, readApplied } from '../db/migrations/migrate.ts';
import { readMigrations } from '../db/migrations/migration-files.ts';
import { withOwnClient } from '../db/postgres.ts';
import { refuseOthers } from './same-columns.ts';
import { migrationsThatMade } from '../db/migrations/same-migrations.ts';
import { readChecksum, type TableChecksum } from '../db/table-checksum.ts';

export type MovedTable = { readonly name: string; readonly from: TableChecksum; readonly to: TableChecksum };

/** The PostgreSQL has rows already; nothing was changed in it. */
export class TargetNotEmptyError extends Error {
  override name = 'TargetNotEmptyError';

  constructor(tables: readonly string[]) {
    super(
      `The PostgreSQL at DATABASE_URL already has rows in ${tables.join(', ')}; nothing was copied. Give an empty database.`,
    );
  }
}

/** A table does not hold the same on both sides; nothing was committed. */
export class NotTheSameError extends Error {
  override name = 'NotTheSameError';
}

export type Move = {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly log: OperatorLog;
  /** Told of every table, counted and summed on both sides, before anything is committed. */
  readonly compared: (tables: readonly MovedTable[]) => void;
};

/**
 * Copies all rows of the embedded database into PostgreSQL, in one transaction of PostgreSQL's with the migrations in
 * it: it is all there or nothing is. The embedded database is only read. Memory does not grow with the rows.
 *
 * Throws DataDirInUseError (a server runs), TargetNotEmptyError, NotTheSameError, MigrationError or the driver's error.
 * Where the connection breaks in the very COMMIT, nobody can say whether it took place; the error says so.
 */
export async function moveToPostgres({ dataDir, databaseUrl, log, compared }: Move): Promise<void> {
  const source = await openEmbedded(dataDir, log);
  try {
    const from = await source.pool.connect();
    try {
      await withOwnClient(databaseUrl, async (to) => {
        await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        await to.query('BEGIN');
        try {
          compared(await copy(from, to, log));
        } catch (error) {
          await to.query('ROLLBACK').catch(() => undefined);
          throw error;
        }
        await commit(to);
      });
    } finally {
      from.release(true);
    }
  } finally {
    await source.close();
  }
}

async function copy(from: pg.ClientBase, to: pg.ClientBase, log: OperatorLog): Promise<MovedTable[]> {
  const known = await readMigrations();
  await migrateWithin(to, migrationsThatMade('The embedded database', await readApplied(from), known), log);
  await fixTexts(from);
  await fixTexts(to);
  const tables = await readTables(from);
  refuseOthers('The embedded database', tables, await readTables(to));
  await keepToOurselves(to, tables);

  const moved: MovedTable[] = [];
  for (const table of tables) {
    const digest = await readChecksum(from, table.name);
    for await (const rows of readRows(from, table.name, digest.widest)) await insertRows(to, table, rows);
    moved.push({ name: table.name, from: digest, to: await readChecksum(to, table.name) });
  }
  const different = moved.filter(({ from: a, to: b }) => a.rows !== b.rows || a.checksum !== b.checksum);
  if (different.length > 0) {
    const names = different.map(({ name, from: a, to: b }) => `${name} (${a.rows} rows, then ${b.rows})`);
    throw new NotTheSameError(`Not the same on both sides: ${names.join(', ')}. Nothing was committed.`);
  }
  // The last thing before the commit: what a sequence is set to, no rollback undoes.
  await setSequences(to, await readSequences(from));
  return moved;
}

/** Nobody writes to the tables from here to the end of the transaction, and nobody has. */
async function keepToOurselves(to: pg.ClientBase, tables: readonly Table[]): Promise<void> {
  const names = tables.map(({ name }) => quoted(name));
  await to.query(`LOCK TABLE ${names.join(', ')} IN EXCLUSIVE MODE`);
  const filled: string[] = [];
  for (const { name } of tables) {
    const { rows } = await to.query<{ filled: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM ${quoted(name)}) AS filled`,
    );
    if (rows[0]?.filled === true) filled.push(name);
  }
  if (filled.length > 0) throw new TargetNotEmptyError(filled);
}

async function commit(to: pg.ClientBase): Promise<void> {
  try {
    await to.query('COMMIT');
  } catch (error) {
    throw new Error(
      'The COMMIT was not answered: look whether the rows are in PostgreSQL, and only then try again',
      {
        cause: error,
      },
    );
  }
}

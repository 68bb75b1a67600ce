import type pg from 'pg';
import { fillTables, readContents, readRows, type ComparedTable } from './copy-rows.ts';
import { migrateWithin } from '../db/migrations/migrate.ts';
import { migrationsThatMade } from './migrations.ts';
import { openEmbedded } from '../embedded/database.ts';
import { quoted, type Table } from './tables.ts';
import { withOwnClient } from '../db/postgres.ts';
import type { OperatorLog } from '../log/log.ts';

const SOURCE = 'The embedded database';

type Move = {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly log: OperatorLog;
  /** Called before the commit, when all tables are the same on both sides. */
  readonly compared: (tables: readonly ComparedTable[]) => void;
};

/**
 * Copies all rows of the embedded database into PostgreSQL, in one transaction that includes the migrations: PostgreSQL
 * gets everything or nothing. The embedded database is only read. Memory does not grow with the rows.
 *
 * Throws DataDirInUseError (a server runs), MigrationError or the driver's error. When the connection breaks during the
 * COMMIT, its outcome is unknown, and the error names that.
 */
export async function moveToPostgres({ dataDir, databaseUrl, log, compared }: Move): Promise<void> {
  const source = await openEmbedded(dataDir, log);
  try {
    const from = await source.pool.connect();
    try {
      await withOwnClient(databaseUrl, async (to) => {
        await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        await to.query('BEGIN');
        // A failure ends the connection, and PostgreSQL rolls back.
        compared(await copy(from, to, log));
        await to.query('COMMIT').catch((cause: unknown) => {
          throw new Error(
            'The response to the COMMIT was lost: check whether PostgreSQL has the rows before you try again',
            { cause },
          );
        });
      });
    } finally {
      from.release(true);
    }
  } finally {
    await source.close();
  }
}

async function copy(from: pg.ClientBase, to: pg.ClientBase, log: OperatorLog): Promise<ComparedTable[]> {
  const contents = await readContents(from);
  const { tables } = contents;
  await migrateWithin(to, await migrationsThatMade(SOURCE, contents), log);
  await requireEmpty(to, tables);
  return fillTables(to, SOURCE, contents, async (insert) => {
    for (const table of tables) {
      for await (const rows of readRows(from, table.name)) await insert(table, rows);
    }
  });
}

/** Every start writes it, even one that ends because the files belong to the embedded database. */
const IDENTITY = 'database_identity';

/**
 * Keeps others from writing to the tables until the end of the transaction. Deletes the identity that a start has written,
 * and throws when a table has other rows.
 */
async function requireEmpty(client: pg.ClientBase, tables: readonly Table[]): Promise<void> {
  await client.query(`LOCK TABLE ${tables.map(({ name }) => quoted(name)).join(', ')} IN EXCLUSIVE MODE`);
  if (tables.some(({ name }) => name === IDENTITY)) await client.query(`DELETE FROM ${IDENTITY}`);
  const filled: string[] = [];
  for (const { name } of tables) {
    const { rows } = await client.query(`SELECT FROM ${quoted(name)} LIMIT 1`);
    if (rows.length > 0) filled.push(name);
  }
  if (filled.length > 0) {
    throw new Error(
      `The PostgreSQL at DATABASE_URL already has rows in ${filled.join(', ')}; nothing was copied. Use an empty database.`,
    );
  }
}

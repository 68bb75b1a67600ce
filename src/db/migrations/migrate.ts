import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { OperatorLog } from '../../log/log.ts';
import type { Migration } from './migration-files.ts';
import { nextMigration, type AppliedMigration } from './next-migration.ts';

/** The advisory lock Prisma's own engine takes: `prisma migrate deploy` and we wait for each other. */
const PRISMA_MIGRATION_LOCK = 72707369;
/** Another instance may be in a long migration; a start that waits longer than this should be looked at. */
const LOCK_TIMEOUT = '5min';

/** The database cannot be brought up to date. The message names the migration and the repair. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

/**
 * Applies what is pending, one transaction for each migration together with its row in Prisma's `_prisma_migrations`,
 * so a start that is killed leaves either all of a migration or nothing. Returns the names applied here.
 *
 * The lock is taken inside each transaction and ends with it: it works behind a pooler that lends connections by the
 * transaction, and nothing is left locked by an instance that died.
 */
export async function migrate(
  client: pg.ClientBase,
  migrations: readonly Migration[],
  log: OperatorLog,
): Promise<string[]> {
  const appliedNow: string[] = [];
  for (;;) {
    const migration = await applyInTransaction(client, migrations, log);
    if (migration === undefined) return appliedNow;
    appliedNow.push(migration);
  }
}

/**
 * The same within the caller's transaction: all of them or none, together with whatever else it does. For a database
 * that nobody uses yet.
 */
export async function migrateWithin(
  client: pg.ClientBase,
  migrations: readonly Migration[],
  log: OperatorLog,
): Promise<void> {
  await takeLock(client);
  while ((await applyNext(client, migrations, log)) !== undefined);
}

async function applyInTransaction(
  client: pg.ClientBase,
  migrations: readonly Migration[],
  log: OperatorLog,
): Promise<string | undefined> {
  await client.query('BEGIN');
  try {
    await takeLock(client);
    const applied = await applyNext(client, migrations, log);
    await client.query('COMMIT');
    return applied;
  } catch (error) {
    // On a broken connection there is nothing left to roll back; the first error is the one that counts.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** The name of the one it applied; undefined when nothing is pending. */
async function applyNext(
  client: pg.ClientBase,
  migrations: readonly Migration[],
  log: OperatorLog,
): Promise<string | undefined> {
  const next = nextMigration(migrations, await readOrBegin(client));
  switch (next.kind) {
    case 'refused':
      throw new MigrationError(next.message);
    case 'up-to-date':
      if (next.unknown.length > 0) {
        log.warn(
          { migrations: next.unknown },
          'The database is newer than this version: it has unknown migrations',
        );
      }
      return undefined;
    case 'apply':
      log.info({ migration: next.migration.name }, 'Applying a database migration');
      await apply(client, next.migration);
      return next.migration.name;
  }
}

async function takeLock(client: pg.ClientBase): Promise<void> {
  // A migration may rightly take minutes, whatever limit the role or the pool has.
  await client.query(`SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  await client.query('SELECT pg_advisory_xact_lock($1)', [PRISMA_MIGRATION_LOCK]);
}

/** Creates Prisma's table when it is missing, word for word as Prisma's engine does. */
async function readOrBegin(client: pg.ClientBase): Promise<AppliedMigration[]> {
  if (!(await isBegun(client))) await client.query(CREATE_MIGRATIONS_TABLE);
  return readApplied(client);
}

async function isBegun(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  );
  return rows[0]?.there === true;
}

/** What was applied so far, oldest first. Throws where nothing ever was: such a database has no tables. */
export async function readApplied(client: pg.ClientBase): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations
      WHERE rolled_back_at IS NULL
      ORDER BY started_at`,
  );
  return rows;
}

async function apply(client: pg.ClientBase, migration: Migration): Promise<void> {
  const startedAt = new Date();
  try {
    await client.query(migration.sql);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(`Migration ${migration.name} failed and was undone: ${reason}`, {
      cause: error,
    });
  }
  if (client.getTransactionStatus() !== 'T') {
    throw new MigrationError(
      `Migration ${migration.name} ends the transaction: take BEGIN and COMMIT out of it`,
    );
  }
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
    [randomUUID(), migration.checksum, migration.name, startedAt],
  );
}

const CREATE_MIGRATIONS_TABLE = `CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

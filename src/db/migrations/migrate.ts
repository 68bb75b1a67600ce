import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { errorCodeOf } from '../../values/error-code.ts';
import type { OperatorLog } from '../../log/log.ts';
import type { Migration } from './migration-files.ts';
import { nextMigration, type AppliedMigration } from './next-migration.ts';

const UNDEFINED_TABLE = '42P01';
/** The advisory lock of Prisma's own engine: `prisma migrate deploy` and this code wait for each other. */
const PRISMA_MIGRATION_LOCK = 72707369;
/** Another instance may run a long migration; a start that waits longer fails. */
const LOCK_TIMEOUT = '5min';

/** The database cannot be migrated. The message names the migration and the repair. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

/**
 * Applies the pending migrations, each in one transaction with its row in Prisma's `_prisma_migrations`: a killed start
 * leaves all of a migration or nothing. Returns the names applied here.
 *
 * The lock is taken inside each transaction and ends with it: that works behind a pooler that assigns connections by
 * transaction, and a dead instance leaves nothing locked.
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
 * Whether no migration is pending, in one query without a lock: a migration and its row are committed together. False
 * also for a database that `migrate` refuses.
 */
export async function isMigrated(
  client: Pick<pg.ClientBase, 'query'>,
  migrations: readonly Migration[],
  log: OperatorLog,
): Promise<boolean> {
  const applied = await readApplied(client).catch((error: unknown) => {
    if (errorCodeOf(error) === UNDEFINED_TABLE) return [];
    throw error;
  });
  const next = nextMigration(migrations, applied);
  if (next.kind !== 'up-to-date') return false;
  warnOfUnknown(next.unknown, log);
  return true;
}

/**
 * Applies the pending migrations within the caller's transaction. For a database that is not in use yet.
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
    // A broken connection has nothing to roll back; the first error counts.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Returns the name of the applied migration; undefined when none is pending. */
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
      warnOfUnknown(next.unknown, log);
      return undefined;
    case 'apply':
      log.info({ migration: next.migration.name }, 'applying a database migration');
      await apply(client, next.migration);
      return next.migration.name;
  }
}

function warnOfUnknown(migrations: readonly string[], log: OperatorLog): void {
  if (migrations.length === 0) return;
  log.warn({ migrations }, 'database is newer than this version: it has unknown migrations');
}

async function takeLock(client: pg.ClientBase): Promise<void> {
  // A migration may take minutes, whatever limit the role or the pool has.
  await client.query(`SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  await client.query('SELECT pg_advisory_xact_lock($1)', [PRISMA_MIGRATION_LOCK]);
}

async function readOrBegin(client: pg.ClientBase): Promise<AppliedMigration[]> {
  const { rows } = await client.query(`SELECT WHERE to_regclass('_prisma_migrations') IS NULL`);
  if (rows.length > 0) await client.query(CREATE_MIGRATIONS_TABLE);
  return readApplied(client);
}

/** The applied migrations, oldest first. Throws when the database never had any. */
export async function readApplied(client: Pick<pg.ClientBase, 'query'>): Promise<AppliedMigration[]> {
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
    throw new MigrationError(`Migration ${migration.name} failed and was rolled back: ${reason}`, {
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

/** Prisma's own definition, word for word. */
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

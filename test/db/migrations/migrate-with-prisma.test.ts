import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSchemaEngine } from '../../../scripts/schema-engine.ts';
import { migrate } from '../../../src/db/migrations/migrate.ts';
import { readMigrations, type Migration } from '../../../src/db/migrations/migration-files.ts';
import { openEmbedded } from '../../../src/embedded/database.ts';
import { databasePlace, testedDatabase, type DatabasePlace } from '../../support/database.ts';
import { silent } from '../../support/template.ts';

let ours: DatabasePlace;
let theirs: DatabasePlace;
let migrations: Migration[];

beforeAll(async () => {
  migrations = await readMigrations();
  ours = await databasePlace();
  theirs = await databasePlace({ empty: true });
});
afterAll(async () => {
  await ours.drop();
  await theirs.drop();
});

/** On one connection, without migrations at the start. */
async function onOneConnection<T>({ env }: DatabasePlace, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  if ('DATABASE_URL' in env) {
    const pool = new pg.Pool({ connectionString: env.DATABASE_URL, max: 1 });
    return work(pool).finally(() => pool.end());
  }
  const { pool, close } = await openEmbedded(env.DATA_DIR, silent);
  return work(pool).finally(close);
}

/** Columns, indexes, constraints and recorded migrations. */
async function describeDatabase(pool: pg.Pool): Promise<unknown> {
  const parts = [
    `SELECT table_name, column_name, data_type, column_default, is_nullable, character_maximum_length
       FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`,
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`,
    `SELECT conrelid::regclass::text, pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    `SELECT migration_name, checksum, applied_steps_count, logs, rolled_back_at, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations ORDER BY 1`,
  ];
  const described: unknown[] = [];
  for (const sql of parts) described.push((await pool.query<Record<string, unknown>>(sql)).rows);
  return described;
}

describe(`Prisma's own engine on ${testedDatabase}`, () => {
  test('has nothing to apply after us', async () => {
    await onOneConnection(ours, async (pool) => {
      const engine = await openSchemaEngine(pool);
      expect(await engine.applyMigrations(migrations)).toEqual([]);
    });
  });

  test('creates the same database as we do, and leaves us nothing to apply', async () => {
    const made = await onOneConnection(theirs, async (pool) => {
      const engine = await openSchemaEngine(pool);
      expect(await engine.applyMigrations(migrations)).toEqual(migrations.map(({ name }) => name));
      const client = await pool.connect();
      expect(await migrate(client, migrations, silent)).toEqual([]);
      client.release();
      return describeDatabase(pool);
    });

    expect(await onOneConnection(ours, describeDatabase)).toEqual(made);
  });

  test('finds no difference between the migrations and schema.prisma', async () => {
    const missing = await onOneConnection(ours, async (pool) => (await openSchemaEngine(pool)).pendingSql());
    expect(missing, 'repair: npm run migration:new <what_changed>').toBeUndefined();
  });
});

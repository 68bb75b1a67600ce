import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { isMigrated, migrate, MigrationError } from '../../../src/db/migrations/migrate.ts';
import {
  migrationsFolder,
  readMigrations,
  type Migration,
} from '../../../src/db/migrations/migration-files.ts';
import type { Database } from '../../../src/open-database.ts';
import { freshDatabase, testedDatabase } from '../../support/database.ts';
import { silent } from '../../support/template.ts';

let database: Database;
let drop: () => Promise<void>;
let client: pg.PoolClient;
let shipped: Migration[];

beforeAll(async () => {
  ({ database, drop } = await freshDatabase());
  shipped = await readMigrations();
});
beforeEach(async () => {
  client = await database.pool.connect();
});
afterEach(async () => {
  await client.query(`DELETE FROM _prisma_migrations WHERE migration_name LIKE '9999%'`);
  await client.query('DROP TABLE IF EXISTS extra');
  client.release();
});
afterAll(async () => {
  await drop();
});

function migration(sql: string, name = '99990101000000_extra'): Migration {
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}

async function rowsOf(table: string): Promise<unknown[]> {
  const { rows } = await client.query<{ there: boolean }>(`SELECT to_regclass($1) IS NOT NULL AS there`, [
    table,
  ]);
  if (rows[0]?.there !== true) return [];
  return (await client.query<Record<string, unknown>>(`SELECT * FROM ${table}`)).rows;
}

describe(`migrations on ${testedDatabase}`, () => {
  test('that fill columns lock no table, so that running instances go on meanwhile', () => {
    const filling = shipped.filter(({ sql }) => /^\s*(UPDATE|DELETE|INSERT)\b/m.test(sql));
    expect(filling).not.toEqual([]);
    for (const { sql } of filling) expect(sql).not.toMatch(/^\s*(ALTER|CREATE|DROP)\b/m);
  });

  test('are applied once and recorded in the form of Prisma', async () => {
    const extra = migration('CREATE TABLE extra (n int); INSERT INTO extra VALUES (1)');

    expect(await migrate(client, [...shipped, extra], silent)).toEqual([extra.name]);
    expect(await migrate(client, [...shipped, extra], silent)).toEqual([]);

    expect(await rowsOf('extra')).toEqual([{ n: 1 }]);
    const { rows } = await client.query(
      `SELECT checksum, applied_steps_count, logs, rolled_back_at, length(id) AS id_length,
              started_at <= finished_at AS in_order
         FROM _prisma_migrations WHERE migration_name = $1`,
      [extra.name],
    );
    expect(rows).toEqual([
      {
        checksum: extra.checksum,
        applied_steps_count: 1,
        logs: null,
        rolled_back_at: null,
        id_length: 36,
        in_order: true,
      },
    ]);
  });

  test('that fail are rolled back and named, and can be retried', async () => {
    const broken = migration('CREATE TABLE extra (n int); SELECT 1/0');
    const attempt = migrate(client, [...shipped, broken], silent);

    await expect(attempt).rejects.toBeInstanceOf(MigrationError);
    await expect(attempt).rejects.toThrow(
      /99990101000000_extra failed and was rolled back: division by zero/,
    );
    expect(await rowsOf('extra')).toEqual([]);

    const mended = migration('CREATE TABLE extra (n int)');
    expect(await migrate(client, [...shipped, mended], silent)).toEqual([mended.name]);
  });

  test('that were edited stop the start and change nothing', async () => {
    const extra = migration('CREATE TABLE extra (n int)');
    await migrate(client, [...shipped, extra], silent);

    const edited = migration('CREATE TABLE extra (n bigint)');
    const later = migration('INSERT INTO extra VALUES (1)', '99990202000000_later');
    const attempt = migrate(client, [...shipped, edited, later], silent);

    await expect(attempt).rejects.toThrow(/99990101000000_extra was changed/);
    expect(await rowsOf('extra')).toEqual([]);
  });

  test('that end the transaction are refused and leave no row', async () => {
    const sly = migration('CREATE TABLE extra (n int); COMMIT');

    await expect(migrate(client, [...shipped, sly], silent)).rejects.toThrow(/take BEGIN and COMMIT out/);
    const { rows } = await client.query(`SELECT 1 FROM _prisma_migrations WHERE migration_name LIKE '9999%'`);
    expect(rows).toEqual([]);
  });

  test('of a newer version are ignored with a warning', async () => {
    await migrate(client, [...shipped, migration('CREATE TABLE extra (n int)')], silent);
    const warn = vi.fn();

    expect(await migrate(client, shipped, { ...silent, warn })).toEqual([]);
    expect(warn).toHaveBeenCalledWith(
      { migrations: ['99990101000000_extra'] },
      expect.stringContaining('newer'),
    );
  });

  test('that are pending, edited or recorded nowhere are noticed without a lock', async () => {
    const edited = shipped.map((one) => ({ ...one, checksum: 'other' }));
    expect(await isMigrated(client, shipped, silent)).toBe(true);
    expect(await isMigrated(client, [...shipped, migration('CREATE TABLE extra (n int)')], silent)).toBe(
      false,
    );
    expect(await isMigrated(client, edited, silent)).toBe(false);

    await migrate(client, [...shipped, migration('CREATE TABLE extra (n int)')], silent);
    const warn = vi.fn();
    expect(await isMigrated(client, shipped, { ...silent, warn })).toBe(true);
    expect(warn).toHaveBeenCalledOnce();

    await client.query('ALTER TABLE _prisma_migrations RENAME TO elsewhere');
    try {
      expect(await isMigrated(client, shipped, silent)).toBe(false);
    } finally {
      await client.query('ALTER TABLE elsewhere RENAME TO _prisma_migrations');
    }
  });

  test('are found from the source', () => {
    const root = join(import.meta.dirname, '..', '..', '..');
    expect(migrationsFolder()).toBe(join(root, 'prisma', 'migrations'));
    expect(() => migrationsFolder(pathToFileURL('/nowhere/dist/main.js').href)).toThrow(/No package.json/);
  });
});

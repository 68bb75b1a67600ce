import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../../src/db/migrations/migrate.ts';
import { readMigrations } from '../../src/db/migrations/migration-files.ts';
import { startChild, type Child } from '../support/child-process.ts';
import { eventually } from '../support/eventually.ts';
import { withOwnClient } from '../../src/db/postgres.ts';
import { databasePlace, testedDatabase, type DatabasePlace } from '../support/database.ts';
import { silent } from '../support/template.ts';

let place: DatabasePlace | undefined;
let child: Child | undefined;

beforeEach(() => {
  place = child = undefined;
});
afterEach(async () => {
  await child?.kill();
  await place?.drop();
});

function start(script: string, { env }: DatabasePlace): Child {
  return startChild(fileURLToPath(new URL(script, import.meta.url)), [], env);
}

/** The files of the embedded database's tables. */
const tableFiles = async (dataDir: string) =>
  (await readdir(join(dataDir, 'postgres', 'base'), { recursive: true })).length;

/** Whether the migration's statement is running: PostgreSQL says so, the embedded database has a new table's file. */
async function isMigrating({ env }: DatabasePlace, filesBefore: number): Promise<boolean> {
  if (!('DATABASE_URL' in env)) return (await tableFiles(env.DATA_DIR)) > filesBefore;
  const { rowCount } = await withOwnClient(env.DATABASE_URL, (client) =>
    client.query(
      `SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'`,
    ),
  );
  return rowCount !== 0;
}

describe(`a process killed on ${testedDatabase}`, () => {
  test('loses no acknowledged row and leaves no half transaction, three times', async () => {
    place = await databasePlace();
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      child = start('writer.ts', place);
      for (let n = 0; n < 20; n++) acknowledged.push((await child.line()) ?? 'ended by itself');
      await child.kill();
    }

    const { prisma } = await place.open();
    const avatars = (await prisma.avatar.findMany()).map(({ id }) => id);
    expect(avatars).toEqual(expect.arrayContaining(acknowledged));
    const announced = (await prisma.announcement.findMany()).map(({ entityId }) => entityId);
    expect(announced.sort()).toEqual(avatars.sort());
  });

  test('during a migration leaves nothing of it, and the next start applies it', async () => {
    const own = (place = await databasePlace());
    const filesBefore = 'DATABASE_URL' in own.env ? 0 : await tableFiles(own.env.DATA_DIR);
    child = start('slow-migrator.ts', own);
    expect(await child.line()).toBe('applying');
    await eventually('the statement to run', async () => await isMigrating(own, filesBefore));
    await child.kill();

    const { pool } = await place.open();
    const client = await pool.connect();
    const again = { name: '99990101000000_extra', sql: 'CREATE TABLE extra (n int)', checksum: 'ee' };
    expect(await migrate(client, [...(await readMigrations()), again], silent)).toEqual([again.name]);
    expect((await client.query('SELECT * FROM extra')).rows).toEqual([]);
    client.release();
  });

  test.skipIf(testedDatabase === 'postgres')(
    'while the first start creates the files does not prevent a later start (embedded only: PostgreSQL creates its own)',
    async () => {
      place = await databasePlace({ empty: true });
      if ('DATABASE_URL' in place.env) throw new Error('This is about the embedded database');
      await rm(join(place.env.DATA_DIR, 'postgres'), { recursive: true });
      const unfinished = join(place.env.DATA_DIR, 'postgres.new', 'base');
      child = start('writer.ts', place);
      // The rest of the creation takes much longer than the pause between two looks.
      await eventually('the first files of the database', () => existsSync(unfinished), 120_000);
      await child.kill();
      expect(existsSync(join(place.env.DATA_DIR, 'postgres'))).toBe(false);

      const { prisma } = await place.open();
      expect(await prisma.avatar.count()).toBe(0);
    },
  );
});

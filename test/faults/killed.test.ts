import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../../src/db/migrations/migrate.ts';
import { readMigrations } from '../../src/db/migrations/migration-files.ts';
import { startChild, type Child } from '../support/child-process.ts';
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

describe(`a process killed on ${testedDatabase}`, { timeout: 60_000 }, () => {
  test('loses no row it had acknowledged and leaves no half transaction, three times over', async () => {
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

  test('in the middle of a migration leaves nothing of it, and the next start applies it', async () => {
    place = await databasePlace();
    child = start('slow-migrator.ts', place);
    expect(await child.line()).toBe('applying');
    await pause(200); // into the statement
    await child.kill();

    const { pool } = await place.open();
    const client = await pool.connect();
    const again = { name: '99990101000000_extra', sql: 'CREATE TABLE extra (n int)', checksum: 'ee' };
    expect(await migrate(client, [...(await readMigrations()), again], silent)).toEqual([again.name]);
    expect((await client.query('SELECT * FROM extra')).rows).toEqual([]);
    client.release();
  });

  test.skipIf(testedDatabase === 'postgres')(
    'while the first start creates the files hinders no later start (embedded only: PostgreSQL creates its own)',
    async () => {
      place = await databasePlace({ empty: true });
      if (!('DATA_DIR' in place.env)) throw new Error('This is about the embedded database');
      await rm(join(place.env.DATA_DIR, 'postgres'), { recursive: true });
      const unfinished = join(place.env.DATA_DIR, 'postgres.new', 'base');
      child = start('writer.ts', place);
      await expect.poll(() => existsSync(unfinished), { interval: 2, timeout: 20_000 }).toBe(true);
      await child.kill();
      expect(existsSync(join(place.env.DATA_DIR, 'postgres'))).toBe(false);

      const { prisma } = await place.open();
      expect(await prisma.avatar.count()).toBe(0);
    },
  );
});

import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expect, test } from 'vitest';
import { readMigrations } from '../../../src/db/migrations/migration-files.ts';
import { withOwnClient } from '../../../src/db/postgres.ts';
import { startChild, type Child } from '../../support/child-process.ts';
import { databasePlace, testedDatabase } from '../../support/database.ts';

const MIGRATOR = fileURLToPath(new URL('migrator.ts', import.meta.url));

test.skipIf(testedDatabase === 'embedded')(
  'several processes apply each migration once, although one of them is killed (PostgreSQL only)',
  async () => {
    const place = await databasePlace({ empty: true });
    if (!('DATABASE_URL' in place.env)) throw new Error('This is about PostgreSQL');
    const env = place.env;
    const holder = new pg.Client(env.DATABASE_URL);
    await holder.connect();
    await holder.query('SELECT pg_advisory_lock(1)');
    const children = Array.from({ length: 4 }, () => startChild(MIGRATOR, [], env));
    let killed: Child | undefined;
    const applied: string[] = [];
    const outcomes = await Promise.all(
      children.map(async (child) => {
        let last: string | undefined;
        for (let line = await child.line(); line !== undefined; line = await child.line()) {
          last = line;
          if (line === 'applying 99990101000000_slow' && killed === undefined) {
            killed = child;
            await child.kill();
            await holder.end();
            continue;
          }
          if (line !== 'done') applied.push(line.replace('applying ', ''));
        }
        return child === killed ? 'killed' : last;
      }),
    );
    expect(outcomes.sort()).toEqual(['done', 'done', 'done', 'killed']);

    const { rows } = await withOwnClient(env.DATABASE_URL, (client) =>
      client.query<{ name: string }>('SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1'),
    );
    const expected = [
      ...(await readMigrations()).map(({ name }) => name),
      '99990101000000_slow',
      '99990102000000_last',
    ];
    expect(rows.map(({ name }) => name)).toEqual(expected);
    expect(applied.sort()).toEqual(expected); // and nobody began one twice, but for the one that was killed
    await place.drop();
  },
);

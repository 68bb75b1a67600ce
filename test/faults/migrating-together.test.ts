import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { postgresPlace, type PostgresPlace } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { POSTGRES, neededServices } from '../support/needed-services.ts';
import { readMigrations } from '../../src/db/migrations/migration-files.ts';
import { launchServer, type Server } from '../support/server.ts';

/** The advisory lock that Prisma's engine and every instance take before a migration. */
const MIGRATION_LOCK = 72707369;
const APPLYING = 'applying a database migration';
const { title, isMissing } = await neededServices('instances that start on an empty database', ['postgres']);

describe.skipIf(isMissing)(title, () => {
  let database: PostgresPlace;
  let admin: pg.Client;
  let started: Server[];
  beforeEach(async () => {
    started = [];
    database = await postgresPlace(POSTGRES, true);
    admin = new pg.Client({ connectionString: database.env.DATABASE_URL });
    await admin.connect();
  });
  afterEach(async () => {
    await Promise.all(started.map((server) => server.kill()));
    await admin.end();
    await database.drop();
  });

  const env = () => ({
    ...database.env,
    FAL_KEY: 'id:secret',
    FAL_QUEUE_URL: 'http://127.0.0.1:1',
    FAL_REST_URL: 'http://127.0.0.1:1',
  });

  async function begin(count: number): Promise<readonly Server[]> {
    for (let number = 0; number < count; number++) started.push(await launchServer(env()));
    return started;
  }

  async function appliedOnce(): Promise<void> {
    const names = (await readMigrations()).map(({ name }) => name);
    const { rows } = await admin.query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY migration_name',
    );
    expect(rows.map(({ name }) => name)).toEqual(names);
  }

  /** While it is held, every starting instance waits at the same point. */
  const hold = () => admin.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  const release = () => admin.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);

  const waiting = (count: number) =>
    eventually(`${count} to wait`, async () => {
      const { rowCount } =
        await admin.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
      return rowCount === count;
    });

  test('all become ready, and each migration is applied once', async () => {
    await hold();
    const servers = await begin(5);
    await waiting(5);
    await release();
    await Promise.all(servers.map((server) => server.ready()));
    await appliedOnce();
    const applied = servers.flatMap(({ log }) => log.filter(({ msg }) => msg === APPLYING));
    expect(applied).toHaveLength((await readMigrations()).length);
    for (const server of servers) expect((await server.readiness()).status).toBe(200);
  });

  test('wait for the one that migrates, and survive one that is killed while it waits', async () => {
    await hold();
    const [killed, survivor] = await begin(2);
    await waiting(2);
    await killed?.kill();
    await release();
    await survivor?.ready();
    await appliedOnce();
  });
});

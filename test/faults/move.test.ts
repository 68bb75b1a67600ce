import { rm } from 'node:fs/promises';
import pg from 'pg';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { openDatabase } from '../../src/open-database.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { photos } from '../support/api-client.ts';
import { createPostgresDatabase, dropPostgresDatabase } from '../support/postgres-template.ts';
import { launchServer, startServer, type Server } from '../support/server.ts';
import { POSTGRES, neededServices } from '../support/needed-services.ts';
import { silent } from '../support/template.ts';
import { everyRow, writeAwkwardRows } from '../support/rows-of-every-table.ts';
import { buildCommands, npmRun, runCommand } from '../support/run-command.ts';

const { title, isMissing } = await neededServices('the move to PostgreSQL', ['postgres']);

let dataDir: string;
let target: { readonly name: string; readonly url: string };
let servers: Server[];

describe.skipIf(isMissing)(title, () => {
  beforeAll(buildCommands);
  beforeEach(async () => {
    servers = [];
    dataDir = await copyEmbeddedTemplate();
    target = await createPostgresDatabase(POSTGRES, true);
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await dropPostgresDatabase(POSTGRES, target.name);
    await rm(dataDir, { recursive: true, force: true });
  });

  const settings = () => ({ DATA_DIR: dataDir, DATABASE_URL: target.url });

  async function serve(env: Readonly<Record<string, string>>): Promise<Server> {
    const server = await startServer(env);
    servers.push(server);
    return server;
  }

  async function onTarget<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: target.url });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  function tablesOfTarget(): Promise<string[]> {
    return onTarget(async (client) => {
      const sql = `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`;
      return (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name);
    });
  }

  test('copies every row and sequence unchanged, and leaves the source alone', async () => {
    const source = await openDatabase({ dataDir, log: silent });
    await writeAwkwardRows(source);
    const rows = await everyRow(source.pool);
    await source.close();

    const { code, result } = await npmRun('move-to-postgres', [], settings());
    expect(result).toMatch(/webhook_deliveries +17 +([0-9a-f]{32}) +\1/);
    expect(code).toBe(0);

    const moved = await openDatabase({ dataDir, databaseUrl: target.url, log: silent });
    expect(await everyRow(moved.pool)).toEqual(rows);
    const { id } = await moved.prisma.announcement.create({
      data: { kind: 'AVATAR', ownerId: 'owner', entityId: 'new', version: 1 },
    });
    expect(id).toBe(BigInt(rows['announcements']?.length ?? 0) + 1n);
    await moved.close();
    const still = await openDatabase({ dataDir, log: silent });
    expect(await everyRow(still.pool)).toEqual(rows);
    await still.close();
  });

  test('is invisible to clients: the same answers, and an open training ends', async () => {
    const before = await serve({ DATA_DIR: dataDir });
    const { id } = await before.newAvatar();
    await before.newAvatar();
    await before.startTraining({ avatarId: id, imagesUrl: photos('slow') });
    const running = await runCommand('move-to-postgres', [], settings());
    expect(running.code).toBe(1);
    expect(running.said).toContain(`process ${before.pid}`);
    expect(await tablesOfTarget()).toEqual([]);

    await before.terminate();
    const still = await serve({ DATA_DIR: dataDir, RECONCILE_INTERVAL_MS: '3600000' });
    const answer = await stableFields(still);
    await still.terminate();
    expect(await runCommand('move-to-postgres', [], settings())).toMatchObject({ code: 0 });
    const after = await serve(settings());
    expect(await stableFields(after)).toEqual(answer);

    const done = await eventually('the training to end', async () => {
      const avatar = await after.avatar(id);
      return avatar?.status === 'COMPLETED' || avatar?.status === 'FAILED' ? avatar : null;
    });
    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true });
  });

  test('refuses a PostgreSQL with rows, names their tables, and changes nothing there', async () => {
    const taken = await openDatabase({ dataDir, databaseUrl: target.url, log: silent });
    await taken.prisma.circuitBreaker.create({ data: { keyHash: 'k', message: 'm' } });
    const rows = await everyRow(taken.pool);
    const { code, said } = await runCommand('move-to-postgres', [], settings());
    expect(code).toBe(1);
    expect(said).toContain('already has rows in submit_stops');
    expect(await everyRow(taken.pool)).toEqual(rows);
    await taken.close();
  });

  test('takes a PostgreSQL that has only what a killed server left', async () => {
    const killed = await openDatabase({ dataDir, databaseUrl: target.url, log: silent });
    await killed.prisma.instance.create({ data: { id: 'killed' } });
    await killed.close();
    expect(await runCommand('move-to-postgres', [], settings())).toMatchObject({ code: 0 });
  });

  test('takes the files along, also after a start on them without the move', async () => {
    await (await serve({ DATA_DIR: dataDir })).terminate();
    const early = await launchServer(settings());
    expect((await early.exited).code).toBe(1);
    expect(early.printed).toContain('belong to another database');
    expect(await runCommand('move-to-postgres', [], settings())).toMatchObject({ code: 0 });
    await serve(settings());
  });

  test('that fails or loses a row leaves the target unchanged', async () => {
    const source = await openDatabase({ dataDir, log: silent });
    await writeAwkwardRows(source);
    await source.close();

    // Somebody else's table stands in the way of the migrations.
    await onTarget((client) => client.query('CREATE TABLE jobs (n int)'));
    const inTheWay = await runCommand('move-to-postgres', [], settings());
    expect(inTheWay.code).toBe(1);
    expect(inTheWay.said).toContain('"jobs" already exists');
    expect(await tablesOfTarget()).toEqual(['jobs']);
    await onTarget((client) => client.query('DROP TABLE jobs'));

    // Tables that are there already, and swallow one row and change another.
    await (await openDatabase({ dataDir, databaseUrl: target.url, log: silent })).close();
    await onTarget((client) =>
      client.query(`
          CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_TABLE_NAME = 'announcements' AND NEW.entity_id = 'avatar-3' THEN RETURN NULL; END IF;
            IF TG_TABLE_NAME = 'announcements' THEN NEW.kind = NEW.kind || ' '; END IF;
            RETURN NEW; END $$;
          CREATE TRIGGER tamper BEFORE INSERT ON announcements FOR EACH ROW EXECUTE FUNCTION tamper()`),
    );
    const tampered = await runCommand('move-to-postgres', [], settings());
    expect(tampered.said).toContain('announcements differs (17 rows, then 16)');
    expect(tampered.code).toBe(1);

    // The last table cannot be written.
    await onTarget((client) =>
      client.query(`DROP TRIGGER tamper ON announcements;
          CREATE OR REPLACE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more room'; END $$;
          CREATE TRIGGER tamper BEFORE INSERT ON webhook_deliveries FOR EACH ROW EXECUTE FUNCTION tamper()`),
    );
    const failed = await runCommand('move-to-postgres', [], settings());
    expect(failed.said).toContain('no more room');
    expect(failed.code).toBe(1);

    const there = await openDatabase({ dataDir, databaseUrl: target.url, log: silent });
    expect(Object.values(await everyRow(there.pool)).flat()).toEqual([]);
    await there.close();
  });
});

/** All avatars, without the fields that an open run changes by itself. */
async function stableFields(server: Server): Promise<unknown> {
  const data = await server.execute(AvatarsDocument, { first: 50 });
  return JSON.parse(
    JSON.stringify(data, (key, value: unknown) =>
      ['status', 'progress', 'version', 'updatedAt'].includes(key) ? undefined : value,
    ),
  );
}

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/open-database.ts';
import { freshDatabase, testedDatabase } from '../support/database.ts';
import { avatarRow } from '../support/rows.ts';
import { memoryLog } from '../support/memory-log.ts';
import { openPostgres } from '../../src/db/postgres.ts';
import { adminUrl } from '../support/template.ts';

const INSERT = `INSERT INTO avatars (id, owner_id, name, training_type, trigger_phrase, updated_at)
                VALUES ('a', 'owner', 'Ada', 'PORTRAIT', 'ADA', now())`;

let database: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ database, drop } = await freshDatabase());
});
beforeEach(async () => {
  await database.prisma.avatar.deleteMany();
});
afterAll(async () => {
  await drop();
});

/** Queries on every connection of the pool. */
async function expectNoRow(): Promise<void> {
  const counts = await Promise.all(Array.from({ length: 10 }, () => database.prisma.avatar.count()));
  expect(counts).toEqual(counts.map(() => 0));
}

describe(`on ${testedDatabase}`, () => {
  test('a client released with an error inside a transaction leaves nothing behind', async () => {
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query(INSERT);
    client.release(new Error('broken'));

    await expectNoRow();
  });

  test('a client released inside a transaction is not reused', async () => {
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query(INSERT);
    client.release();

    await expectNoRow();
  });

  test('a client released after a failed statement of a transaction is not reused', async () => {
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await expect(client.query('SELECT 1/0')).rejects.toThrow('division by zero');
    client.release();

    await expectNoRow();
  });

  test('a client released during a query fails that query, and the next one gets its own answer', async () => {
    const client = await database.pool.connect();
    const unanswered = client.query('SELECT pg_sleep(0.2), $1::text AS word', ['theirs']);
    const failed = expect(unanswered).rejects.toThrow(/Connection terminated/);
    client.release();

    const { rows } = await database.pool.query('SELECT $1::text AS word', ['ours']);
    expect(rows).toEqual([{ word: 'ours' }]);
    await failed;
  });

  test('session settings end with a dropped client', async () => {
    const client = await database.pool.connect();
    await client.query(`SET search_path = 'elsewhere'; SET TIME ZONE 'Asia/Tokyo'`);
    client.release(true);

    expect(await database.prisma.avatar.count()).toBe(0);
    const { rows } = await database.pool.query<{ TimeZone: string }>('SHOW TimeZone');
    expect(rows[0]?.TimeZone).toBe('UTC');
  });

  test('concurrent failed statements do not mix up answers', async () => {
    await database.prisma.avatar.create({ data: avatarRow('a') });

    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, async (_, index) => {
        if (index % 2 === 0) return database.prisma.avatar.create({ data: avatarRow('a') });
        const { rows } = await database.pool.query<{ n: number }>('SELECT $1::int AS n', [index]);
        return rows[0]?.n;
      }),
    );

    outcomes.forEach((outcome, index) => {
      if (index % 2 === 0) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'P2002' } });
      else expect(outcome).toEqual({ status: 'fulfilled', value: index });
    });
  });

  test.skipIf(testedDatabase === 'embedded')(
    'a connection that the server ends inside a transaction is an error, and the next request works (PostgreSQL only)',
    async () => {
      const cut = database.prisma.$transaction(async (tx) => {
        await tx.avatar.create({ data: avatarRow('a') });
        const [own] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await database.pool.query('SELECT pg_terminate_backend($1)', [own?.pid]);
        await tx.avatar.create({ data: avatarRow('b') });
      });

      await expect(cut).rejects.toThrow();
      await expectNoRow();
    },
  );

  test.skipIf(testedDatabase === 'embedded')(
    'a connection that the server ends fails its client and not the process (PostgreSQL only)',
    async () => {
      const client = await database.pool.connect();
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const ended = new Promise((resolve) => client.once('end', resolve));
      await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      await ended;

      await expect(client.query('SELECT 1')).rejects.toThrow(/not queryable/);
      client.release();
      await expectNoRow();
    },
  );

  test.skipIf(testedDatabase === 'embedded')(
    'idle connections that the server ends are replaced (PostgreSQL only)',
    async () => {
      await expectNoRow();
      const admin = await database.pool.connect();
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      admin.release();
      await expect.poll(() => database.pool.totalCount).toBe(1);

      await expectNoRow();
    },
  );

  test.skipIf(testedDatabase === 'embedded')(
    'an idle connection that the server ends is logged without its client (PostgreSQL only)',
    async () => {
      const { rows } = await database.pool.query<{ name: string }>('SELECT current_database() AS name');
      const url = new URL(adminUrl ?? '');
      url.pathname = `/${rows[0]?.name ?? ''}`;
      const log = memoryLog();
      const { pool, close } = openPostgres(url.href, 1, log);
      const lost = new Promise((resolve) => pool.once('error', resolve));
      const own = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await database.pool.query('SELECT pg_terminate_backend($1)', [own.rows[0]?.pid]);
      await lost;
      await close();

      expect(log.lines).toMatchObject([{ level: 'warn', fields: { err: { code: '57P01' } } }]);
      expect(log.lines[0]?.fields).not.toHaveProperty('err.client');
    },
  );
});

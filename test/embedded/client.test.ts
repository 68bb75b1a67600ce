import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { embeddedClientClass, resetSession } from '../../src/embedded/client.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';

let dataDir: string;
let db: PGlite;
let pool: pg.Pool;

beforeAll(async () => {
  dataDir = await copyEmbeddedTemplate();
  db = await PGlite.create(join(dataDir, 'postgres'));
  // Every message takes 2 ms, so that messages of two clients could overlap.
  const execProtocolStream = db.execProtocolStream.bind(db);
  db.execProtocolStream = async (...message) => {
    await pause(2);
    return execProtocolStream(...message);
  };
  pool = new pg.Pool({
    Client: embeddedClientClass(db),
    max: 1,
    connectionTimeoutMillis: 5_000,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it; its declarations do not say so
    onConnect: resetSession,
  });
  pool.on('error', () => undefined);
});
afterAll(async () => {
  await pool.end();
  await db.close();
  await rm(dataDir, { recursive: true, force: true });
});

test('a client dropped during a statement does not disturb the next one', async () => {
  for (let round = 0; round < 10; round++) {
    const client = await pool.connect();
    await client.query('BEGIN');
    const theirs = client.query('SELECT $1::text AS word', ['theirs']);
    const failed = expect(theirs).rejects.toThrow('Connection terminated');
    await pause(round); // drop it after each of the messages a statement consists of
    client.release(true);

    const { rows } = await pool.query('SELECT $1::text AS word', ['ours']);
    expect(rows).toEqual([{ word: 'ours' }]);
    await failed;
  }
});

test('every query receives its own answer, also when others fail', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, n) => {
      const sql = n % 2 === 0 ? 'SELECT $1::int AS n' : 'SELECT $1::int / 0 AS n';
      return (await pool.query<{ n: number }>(sql, [n])).rows[0]?.n;
    }),
  );

  outcomes.forEach((outcome, n) => {
    if (n % 2 === 0) expect(outcome).toEqual({ status: 'fulfilled', value: n });
    else expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
  });
});

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openCopy, openEmbedded, type EmbeddedHandle } from '../../src/db/embedded.ts';
import { copyLive } from '../../src/db/live-copy.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { silent } from '../support/template.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** One a page and more pages than there are buffers, so that changed ones are written while others are read. */
const ACCOUNTS = 9_000;
const TRANSFERS = 300;
const BLOCK_BYTES = 8192;
const never = new AbortController().signal;

let dataDir: string;
let folder: string;
let handle: EmbeddedHandle;

beforeEach(async () => {
  dataDir = await copyEmbeddedTemplate();
  folder = join(dataDir, 'postgres');
  handle = await openEmbedded(dataDir, silent);
});
afterEach(async () => {
  await handle.close();
  rmSync(dataDir, { recursive: true });
});

/** The pool as copyLive sees it; tells of the moments when others have to wait. */
function watched(
  pool: pg.Pool,
  moments: { readonly checkpointed?: () => void; readonly logIsHeld: () => void },
): pg.Pool {
  let sessions = 0;
  const connect = async (): Promise<pg.PoolClient> => {
    const client = await pool.connect();
    const isFirst = sessions++ === 0;
    if (!isFirst) moments.logIsHeld();
    const release = client.release.bind(client);
    client.release = (error) => {
      if (isFirst) moments.checkpointed?.();
      release(error);
    };
    return client;
  };
  return Object.assign(Object.create(pool) as pg.Pool, { connect });
}

/** Moves one each from some accounts to as many others, again and again; some accounts take part much more often. */
async function transfer(pool: pg.Pool, over: AbortSignal, done: () => void): Promise<void> {
  while (!over.aborted) {
    const ids = new Set<number>();
    while (ids.size < 2 * TRANSFERS) ids.add(Math.floor(Math.random() ** 4 * ACCOUNTS));
    const client = await pool.connect();
    await client.query('BEGIN');
    const change = 'UPDATE accounts SET balance = balance + $1 WHERE id = ANY ($2)';
    await client.query(change, [-1, [...ids].slice(TRANSFERS)]);
    await client.query(change, [1, [...ids].slice(0, TRANSFERS)]);
    await client.query('UPDATE transfers SET n = n + 1');
    await client.query('COMMIT');
    client.release();
    done();
    await turn();
  }
}

function blocksOf(file: string): string[] {
  const bytes = readFileSync(file);
  const count = bytes.length / BLOCK_BYTES;
  const block = (n: number): Buffer => bytes.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES);
  return Array.from({ length: count }, (_, n) => createHash('md5').update(block(n)).digest('base64'));
}

test('a copy is whole though blocks of its tables change in the files while they are copied', async () => {
  const { pool } = handle;
  await pool.query(`
    CREATE TABLE transfers (n int); INSERT INTO transfers VALUES (0);
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL, filler text STORAGE PLAIN) WITH (fillfactor = 35);
    CREATE INDEX balances ON accounts (balance);
    INSERT INTO accounts SELECT n, 0, repeat('x', 2600) FROM generate_series(0, ${ACCOUNTS} - 1) AS n`);
  const { rows: paths } = await pool.query<{ path: string }>(
    `SELECT pg_relation_filepath('accounts') AS path`,
  );
  const table = join(folder, paths[0]?.path ?? '');
  expect(statSync(table).size).toBeGreaterThan(2 * 32 * 1024 * 1024);

  let before: string[] = [];
  let after: string[] = [];
  let done = 0;
  let doneWhenHeld = 0;
  const moments = {
    checkpointed: () => void (before = blocksOf(table)),
    logIsHeld: () => {
      after = blocksOf(table);
      doneWhenHeld = done;
    },
  };
  const over = new AbortController();
  const transferring = transfer(pool, over.signal, () => (done += 1));
  const name = await copyLive(watched(pool, moments), folder, never);
  over.abort();
  await transferring;

  const changed = before.filter((block, n) => block !== after[n]).length;
  process.stdout.write(`${changed} of ${before.length} blocks changed under the copy\n`);
  expect(changed).toBeGreaterThan(100);

  const copy = await openCopy(join(dataDir, name), silent);
  const read = async (sql: string): Promise<unknown> =>
    (await copy.pool.query<{ v: unknown }>(sql)).rows[0]?.v;
  const count = await read('SELECT n AS v FROM transfers');
  expect(doneWhenHeld).toBeGreaterThan(0);
  expect([doneWhenHeld, doneWhenHeld + 1]).toContain(count); // the last may not have been told yet
  for (const way of ['seqscan', 'indexscan']) {
    await copy.pool.query(
      `SET enable_seqscan = ${way === 'seqscan' ? 'on' : 'off'}; SET enable_bitmapscan = off`,
    );
    for (const all of ['id >= 0', 'balance > -1000000']) {
      const sums = `SELECT count(*) || ' ' || sum(balance) || ' ' || sum(length(filler)) AS v FROM accounts WHERE ${all}`;
      expect(await read(sums)).toBe(`${ACCOUNTS} 0 ${ACCOUNTS * 2600}`);
    }
  }
  await copy.close();
});

test('while others have to wait only that part of the log is copied that is newer', async () => {
  const { pool } = handle;
  const log = join(folder, 'pg_wal');
  const segments = (): string[] => readdirSync(log).filter((name) => /^[0-9A-F]{24}$/.test(name));
  const message = `SELECT pg_logical_emit_message(false, 'filling', repeat('x', 1000000))`;
  for (let n = 0; n < 40; n++) await pool.query(message);
  const longAgo = new Date(Date.now() - 3_600_000);
  for (const name of segments()) utimesSync(join(log, name), longAgo, longAgo);
  const patient: string[] = [];
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = await work();
    patient.push((result as { command?: string }).command ?? '');
    return result;
  };

  const copied = (): Map<string, number> => {
    const at = readdirSync(dataDir).find((name) => name.startsWith('copy.')) ?? '';
    const to = join(dataDir, at, 'postgres', 'pg_wal');
    return new Map(
      readdirSync(to)
        .filter((name) => /^[0-9A-F]{24}$/.test(name))
        .map((name) => [name, statSync(join(to, name)).ino]),
    );
  };
  let first = new Map<string, number>();
  const logIsHeld = (): void => void (first = copied());
  await copyLive(watched(pool, { logIsHeld }), folder, never, patiently);
  expect([...first.keys()].sort()).toEqual(segments().sort());
  const again = [...copied()].filter(([name, file]) => first.get(name) !== file);
  expect(first.size).toBeGreaterThan(2);
  expect(again.length).toBeLessThan(first.size - 1);
  expect(patient).toEqual(['CHECKPOINT']);
});

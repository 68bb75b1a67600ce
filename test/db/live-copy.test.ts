import { existsSync } from 'node:fs';
import { mkdir, open as openFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Copies } from '../../src/db/copies.ts';
import { discardCopy } from '../../src/db/copy-folders.ts';
import { copyIn, copyOnRequest, COPY_REQUEST } from '../../src/db/copy-request.ts';
import { openCopy, openEmbedded, type EmbeddedHandle } from '../../src/db/embedded.ts';
import { keepUp } from '../../src/db/embedded-upkeep.ts';
import { copyLive } from '../../src/db/live-copy.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { silent } from '../support/template.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PATIENCE_MS = 30_000;
const never = new AbortController().signal;

let dataDir: string;
let handle: EmbeddedHandle;
let copies: Copies;

beforeEach(async () => {
  dataDir = await copyEmbeddedTemplate();
  handle = await openEmbedded(dataDir, silent);
  handle.serve();
  copies = new Copies(dataDir, (gone) => copyLive(handle.pool, join(dataDir, 'postgres'), gone), silent);
});
afterEach(async () => {
  await handle.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function copyNames(): Promise<string[]> {
  return (await readdir(dataDir)).filter((name) => /^(?:copy|gone)\./.test(name));
}

async function ask(request: string, gone: AbortSignal, hangUp = (): void => undefined): Promise<string> {
  return copyOnRequest(async (signal) => copies.make(signal), request, { gone, hangUp });
}

async function noCopies(): Promise<void> {
  await eventually(
    'the copy to be gone',
    async () => ((await copyNames()).length === 0 ? true : null),
    PATIENCE_MS,
  );
}

test('a copy made under writes has every row committed before it and, of later ones, all up to one moment', async () => {
  const { pool } = handle;
  await pool.query('CREATE TABLE written (n int PRIMARY KEY, filler text); CREATE TABLE sums (n int)');
  await pool.query('INSERT INTO sums VALUES (0)');
  // All that a server tidies, as often as it can: a copy has to keep it away.
  const upkeep = keepUp(pool, join(dataDir, 'postgres'), silent, { tidyMs: 20 });
  let committed = 0;
  const over = new AbortController();
  const writing = (async () => {
    while (!over.signal.aborted) {
      const client = await pool.connect();
      await client.query('BEGIN');
      await client.query(`INSERT INTO written VALUES ($1, repeat('x', 2000))`, [committed + 1]);
      await client.query('UPDATE sums SET n = n + 1');
      await client.query('COMMIT');
      client.release();
      committed += 1;
      await pause(1);
    }
  })();
  await eventually('the first writes', () => (committed >= 50 ? true : null), PATIENCE_MS);

  const made: { readonly name: string; readonly before: number; readonly after: number }[] = [];
  for (let round = 0; round < 3; round++) {
    const before = committed;
    const name = await upkeep.untidied(() => copyLive(pool, join(dataDir, 'postgres'), never));
    made.push({ name, before, after: committed });
  }
  over.abort();
  await writing;
  upkeep.stop();

  for (const { name, before, after } of made) {
    const copy = await openCopy(join(dataDir, name), silent);
    const { rows } = await copy.pool.query<{ rows: number; last: number; sum: number }>(
      'SELECT count(*)::int AS rows, max(n) AS last, (SELECT n FROM sums) AS sum FROM written',
    );
    await copy.close();
    const [found] = rows;
    expect(after).toBeGreaterThan(before); // others were served meanwhile
    expect(found?.last).toBeGreaterThanOrEqual(before);
    expect(found?.last).toBeLessThanOrEqual(after + 1); // a commit that was not told of yet
    expect(found).toEqual({ rows: found?.last, last: found?.last, sum: found?.last });
  }
});

test('a copy that is asked for stays until its asker has gone', async () => {
  const gone = new AbortController();
  const name = copyIn(await ask(COPY_REQUEST, gone.signal));
  expect(await copyNames()).toEqual([name]);
  gone.abort();
  await noCopies();
});

test('a copy is not made for somebody who has gone, and requests in other words are refused', async () => {
  const gone = new AbortController();
  const answer = ask(COPY_REQUEST, gone.signal);
  await eventually('a beginning', async () => ((await copyNames()).length > 0 ? true : null), PATIENCE_MS);
  gone.abort();
  const text = await answer;
  if (text.includes('error')) expect(() => copyIn(text)).toThrow('made no copy');
  await noCopies();
  for (const request of ['{"backup":"/etc/passwd"}', '{"copy":"x"}', 'hello', '']) {
    expect(() => copyIn('{"copy":"../../etc"}')).toThrow();
    expect(JSON.parse(await ask(request, never))).toHaveProperty('error');
  }
  expect((await handle.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

test('a copy whose room is needed is taken back from whoever reads it, and from whoever waits for it', async () => {
  let hungUp = 0;
  const name = copyIn(await ask(COPY_REQUEST, never, () => (hungUp += 1)));
  const reader = await openCopy(join(dataDir, name), silent);
  const table = await fileOf(reader, 'pg_class');
  const open = await openFile(join(dataDir, name, 'postgres', table));
  expect((await open.stat()).size).toBeGreaterThan(0);
  const waiting = ask(COPY_REQUEST, never);
  await eventually('a second one', async () => ((await copyNames()).length > 1 ? true : null), PATIENCE_MS);

  await copies.takeBack(new Error('no room'));
  expect(await copyNames()).toEqual([]);
  expect(copies.any).toBe(false);
  expect(hungUp).toBe(1);
  expect(await waiting).toBe('{"error":"no room"}');
  expect((await open.stat()).size).toBe(0); // also what is open takes no room
  await open.close();
  await reader.close().catch(() => undefined);
  expect((await handle.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

async function fileOf({ pool }: EmbeddedHandle, table: string): Promise<string> {
  const { rows } = await pool.query<{ path: string }>('SELECT pg_relation_filepath($1) AS path', [table]);
  return rows[0]?.path ?? '';
}

test('what a killed process left of a copy goes at the next start, what somebody reads does not', async () => {
  const { name } = await copies.make(never);
  const reader = await openCopy(join(dataDir, name), silent);
  await mkdir(join(dataDir, 'copy.0123abcd', 'postgres'), { recursive: true });
  await mkdir(join(dataDir, 'gone.0123abcd', 'postgres'), { recursive: true });
  await writeFile(join(dataDir, 'copy.of-mine'), '');
  await handle.close();

  handle = await openEmbedded(dataDir, silent);
  expect((await copyNames()).sort()).toEqual([name, 'copy.of-mine'].sort());
  expect((await reader.pool.query('SELECT count(*) FROM avatars')).rows).toHaveLength(1);
  await reader.close();
  await handle.close();

  handle = await openEmbedded(dataDir, silent);
  expect(await copyNames()).toEqual(['copy.of-mine']);
});

test('a copy that is removed loses its name before it loses a file', async () => {
  const { name } = await copies.make(never);
  const removed = discardCopy(join(dataDir, name));
  expect(existsSync(join(dataDir, name))).toBe(false);
  expect(await copyNames()).toEqual([expect.stringMatching(/^gone\./)]);
  await removed;
  await discardCopy(join(dataDir, name)); // as when two processes remove it
  expect(await copyNames()).toEqual([]);
});

test('a copy that is not there is not made anew by opening it', async () => {
  await mkdir(join(dataDir, 'copy.0123abcd'));
  await expect(openCopy(join(dataDir, 'copy.0123abcd'), silent)).rejects.toThrow('ENOENT');
  expect(existsSync(join(dataDir, 'copy.0123abcd', 'postgres'))).toBe(false);
});

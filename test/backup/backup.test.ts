import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backUp } from '../../src/backup/dump.ts';
import { readBackup } from '../../src/backup/format.ts';
import { inOrder } from '../../src/backup/tables.ts';
import { freshDatabase } from '../support/database.ts';
import { AWKWARD, writeAwkwardRows } from '../support/rows-of-every-table.ts';

const never = new AbortController().signal;

describe('a backup', () => {
  let fresh: Awaited<ReturnType<typeof freshDatabase>>;
  let folder: string;

  beforeAll(async () => {
    fresh = await freshDatabase();
    folder = await mkdtemp(join(tmpdir(), 'likeness-backup-'));
    await writeAwkwardRows(fresh.database);
  });
  afterAll(async () => {
    await fresh.drop();
    await rm(folder, { recursive: true, force: true });
  });

  test('contains each row once, and the checksums of the database', async () => {
    const file = join(folder, 'b.gz');
    await backUp(fresh.database.pool, file, never);
    const rows = new Map<string, number>();
    await readBackup(file, ({ name }, batch) => void rows.set(name, (rows.get(name) ?? 0) + batch.length));
    for (const table of ['avatars', 'generations', 'jobs', 'announcements', 'webhook_deliveries']) {
      expect([table, rows.get(table)]).toEqual([table, AWKWARD.length]);
    }
  });

  test('that is aborted leaves no file, and the database usable', async () => {
    const file = join(folder, 'gone.gz');
    const gone = new AbortController();
    const written = backUp(fresh.database.pool, file, gone.signal);
    gone.abort();
    await expect(written).rejects.toThrow();
    expect(existsSync(file)).toBe(false);
    expect(await fresh.database.prisma.avatar.count()).toBe(AWKWARD.length);
  });

  test('into an existing file is refused and does not change it', async () => {
    const file = join(folder, 'twice.gz');
    await backUp(fresh.database.pool, file, never);
    await expect(backUp(fresh.database.pool, file, never)).rejects.toThrow('EEXIST');
    await expect(readBackup(file)).resolves.toBeDefined();
  });
});

test('tables follow the tables they reference; a cycle is refused', () => {
  const tables = ['a', 'b', 'c'].map((name) => ({ name, columns: [] }));
  const order = inOrder(tables, [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
    { from: 'a', to: 'elsewhere' },
  ]);
  expect(order.map(({ name }) => name)).toEqual(['c', 'b', 'a']);
  expect(() => inOrder(tables, [{ from: 'a', to: 'a' }])).toThrow('between the tables a');
});

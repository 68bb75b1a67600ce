import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMaintenance } from '../../src/embedded/maintenance.ts';
import { openEmbedded, type EmbeddedHandle } from '../../src/embedded/database.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { silent } from '../support/template.ts';

describe('the embedded database', () => {
  let dataDir: string;
  let handle: EmbeddedHandle;

  beforeAll(async () => {
    dataDir = await copyEmbeddedTemplate();
    handle = await openEmbedded(dataDir, silent);
  });
  afterAll(async () => {
    await handle.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  test('is maintained: a checkpoint, a vacuum and new statistics', async () => {
    const { pool } = handle;
    const one = async <T>(sql: string): Promise<T> => (await pool.query<{ v: T }>(sql)).rows[0]?.v as T;
    await pool.query('CREATE TABLE busy AS SELECT n FROM generate_series(1, 5000) AS n');
    await pool.query('DELETE FROM busy WHERE n > 10');
    const redo = await one<string>('SELECT redo_lsn::text AS v FROM pg_control_checkpoint()');
    expect(await one<number>(`SELECT reltuples::int AS v FROM pg_class WHERE relname = 'busy'`)).toBe(-1);

    const upkeep = startMaintenance(pool, join(dataDir, 'postgres'), silent, { tidyMs: 50 });
    await eventually('a checkpoint and a vacuum', async () => {
      const isTidy = await one<boolean>(
        `SELECT (SELECT redo_lsn > '${redo}' FROM pg_control_checkpoint()) AND reltuples = 10 AS v
             FROM pg_class WHERE relname = 'busy'`,
      );
      return isTidy;
    });
    upkeep.stop();
    expect(await one<number>(`SELECT pg_relation_size('busy')::int AS v`)).toBeLessThanOrEqual(8192 * 2);
  });
});

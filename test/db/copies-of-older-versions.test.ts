import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEmbedded } from '../../src/embedded/database.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { silent } from '../support/template.ts';

test('copies that an older version left go at the start, and nothing of another name does', async () => {
  const dataDir = await copyEmbeddedTemplate();
  await mkdir(join(dataDir, 'copy.0123abcd', 'postgres'), { recursive: true });
  await mkdir(join(dataDir, 'gone.0123abcd', 'postgres'), { recursive: true });
  await writeFile(join(dataDir, 'copy.of-mine'), '');

  const { pool, close } = await openEmbedded(dataDir, silent);
  expect((await readdir(dataDir)).filter((name) => /^(?:copy|gone)\./.test(name))).toEqual(['copy.of-mine']);
  expect((await pool.query('SELECT count(*) FROM avatars')).rows).toHaveLength(1);
  await close();
  await rm(dataDir, { recursive: true });
});

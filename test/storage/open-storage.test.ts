import { afterEach, beforeEach, expect, test } from 'vitest';
import { deleteUnknownFiles } from '../../src/jobs/files/delete-files.ts';
import { depsOf, oneByte } from '../support/deleting-files.ts';
import { join } from 'node:path';
import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { openStorage } from '../../src/storage/open-storage.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { tmpdir } from 'node:os';

let dataDir: string;
const apps: TestApp[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'likeness-'));
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  await rm(dataDir, { recursive: true });
});

async function start(): Promise<TestApp> {
  const app = await startTestApp({ env: { DATA_DIR: dataDir } });
  apps.push(app);
  return app;
}

test('a folder of files without a marker becomes that of the first database, and no other deletes its files', async () => {
  const sweepFor = async (databaseId: string, known: string) => {
    const { files, bind } = await openStorage({ dataDir, bucket: null }, 'photos', async () => databaseId);
    const { deps, asked } = depsOf(files, known, bind);
    return { files, asked, sweep: () => deleteUnknownFiles(deps, new AbortController().signal) };
  };
  const first = await sweepFor('one', '/known.jpg');
  await first.files.put('avt_1/known.jpg', oneByte());
  await utimes(join(dataDir, 'photos/avt_1/known.jpg'), 0, 0);
  await first.sweep();

  const other = await sweepFor('two', '/none.jpg');
  await expect(other.sweep()).rejects.toThrow('to another database');
  expect(await readdir(join(dataDir, 'photos/avt_1'))).toEqual(['known.jpg']);

  await rm(join(dataDir, 'database'));
  await other.sweep();
  // The marker itself is no file to ask about.
  expect([first.asked, other.asked]).toEqual([[['avt_1/known.jpg']], [['avt_1/known.jpg']]]);
});

test('a server starts again on the files of its database, and not on those of another one', async () => {
  const app = await start();
  await app.restart();
  const marker = await readFile(join(dataDir, 'database'), 'utf8');

  const refusal = String(await start().catch((error: unknown) => error));
  expect(refusal).toContain(`The files under ${dataDir}/ belong to another database ("${marker}")`);
  expect(refusal).toContain('Set DATA_DIR to a separate place.');

  await rm(join(dataDir, 'database'));
  await start();
  expect(await readFile(join(dataDir, 'database'), 'utf8')).not.toBe(marker);
});

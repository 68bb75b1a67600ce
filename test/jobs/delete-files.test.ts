import { afterAll, expect, test } from 'vitest';
import { deleteUnknownFiles } from '../../src/jobs/delete-files.ts';
import { join } from 'node:path';
import { LocalStorage } from '../../src/storage/local-storage.ts';
import { memoryLog } from '../support/memory-log.ts';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const storage = new LocalStorage(join(folder, 'photos'));

async function stored(key: string, isOld: boolean): Promise<void> {
  await storage.put(
    key,
    (async function* () {
      yield new Uint8Array(1);
    })(),
  );
  if (isOld) await utimes(join(folder, 'photos', key), 0, 0);
}

test('old files without a row are deleted; those with one, and those that may get one, stay', async () => {
  await stored('avt_1/known.jpg', true);
  await stored('avt_1/unknown.jpg', true);
  await stored('avt_2/1234.part', true);
  await stored('avt_2/new.jpg', false);
  const asked: (readonly string[])[] = [];
  const findUnknown = async (files: readonly string[]) => {
    asked.push(files);
    return files.filter((file) => !file.endsWith('/known.jpg'));
  };
  const deps = { storage, findUnknown, log: memoryLog() };

  await deleteUnknownFiles(deps, new AbortController().signal);

  const left = await readdir(join(folder, 'photos'), { recursive: true });
  expect(left.filter((name) => name.includes('/')).sort()).toEqual(['avt_1/known.jpg', 'avt_2/new.jpg']);
  expect(asked).toHaveLength(1);
});

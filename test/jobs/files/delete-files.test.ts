import { afterAll, expect, test } from 'vitest';
import { deleteUnknownFiles } from '../../../src/jobs/files/delete-files.ts';
import { join } from 'node:path';
import { LocalStorage } from '../../../src/storage/local-storage.ts';
import { depsOf, oneByte } from '../../support/deleting-files.ts';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const photoFiles = new LocalStorage(join(folder, 'photos'));

async function stored(key: string, isOld: boolean): Promise<void> {
  await photoFiles.put(key, oneByte());
  if (isOld) await utimes(join(folder, 'photos', key), 0, 0);
}

test('old files without a row are deleted; those with one, and those that may get one, stay', async () => {
  await stored('avt_1/known.jpg', true);
  await stored('avt_1/unknown.jpg', true);
  await stored('avt_2/1234.part', true);
  await stored('avt_2/new.jpg', false);
  const { deps, asked } = depsOf(photoFiles, '/known.jpg');

  await deleteUnknownFiles(deps, new AbortController().signal);

  const left = await readdir(join(folder, 'photos'), { recursive: true });
  expect(left.filter((name) => name.includes('/')).sort()).toEqual(['avt_1/known.jpg', 'avt_2/new.jpg']);
  expect(asked).toHaveLength(1);
});

import { afterAll, expect, test } from 'vitest';
import { bindFiles, ForeignFilesError } from '../../src/storage/bind-files.ts';
import { join } from 'node:path';
import { LocalStorage } from '../../src/storage/local-storage.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true }));

function place(name: string) {
  const files = new LocalStorage(join(folder, name));
  return {
    files,
    bind: (databaseId: string) =>
      bindFiles(files, databaseId, { path: `bucket/${name}/`, setting: 'S3_PREFIX' }),
  };
}

test('files belong to the first database, until their marker is deleted', async () => {
  const { files, bind } = place('first');
  await bind('one');
  await bind('one');
  await expect(bind('two')).rejects.toThrow(ForeignFilesError);
  await expect(bind('two')).rejects.toThrow(
    /bucket\/first\/ .*"one".* delete the file bucket\/first\/database /,
  );
  await bind('one');
  await files.delete('database');
  await bind('two');
});

test('of two databases that bind files at the same time, one has the files', async () => {
  const { bind } = place('race');
  await Promise.allSettled([bind('one'), bind('two')]);
  const later = await Promise.allSettled([bind('one'), bind('two')]);
  expect(later.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a file of something else is no marker, and is not printed whole', async () => {
  const { files, bind } = place('other');
  await files.put('database', [].values() as never);
  await expect(bind('one')).rejects.toThrow('another database ("")');
  await writeFile(join(folder, 'other', 'database'), 'x'.repeat(1_000_000));
  const problem = await bind('one').catch((error: unknown) => String(error));
  expect(String(problem).length).toBeLessThan(600);
});

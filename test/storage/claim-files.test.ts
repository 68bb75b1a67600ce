import { afterAll, expect, test } from 'vitest';
import { claimFiles, ForeignFilesError } from '../../src/storage/claim-files.ts';
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
    claim: (databaseId: string) =>
      claimFiles(files, databaseId, { path: `bucket/${name}/`, setting: 'S3_PREFIX' }),
  };
}

test('files belong to the first database, until their claim is deleted', async () => {
  const { files, claim } = place('first');
  await claim('one');
  await claim('one');
  await expect(claim('two')).rejects.toThrow(ForeignFilesError);
  await expect(claim('two')).rejects.toThrow(
    /bucket\/first\/ .*"one".* delete the file bucket\/first\/database /,
  );
  await claim('one');
  await files.delete('database');
  await claim('two');
});

test('of two databases that claim at the same time, one has the files', async () => {
  const { claim } = place('race');
  await Promise.allSettled([claim('one'), claim('two')]);
  const later = await Promise.allSettled([claim('one'), claim('two')]);
  expect(later.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a file of something else is no claim, and is not printed whole', async () => {
  const { files, claim } = place('other');
  await files.put('database', [].values() as never);
  await expect(claim('one')).rejects.toThrow('another database ("")');
  await writeFile(join(folder, 'other', 'database'), 'x'.repeat(1_000_000));
  const problem = await claim('one').catch((error: unknown) => String(error));
  expect(String(problem).length).toBeLessThan(600);
});

import { afterAll, describe, expect, test } from 'vitest';
import { deleteUnknownFiles } from '../../src/jobs/delete-files.ts';
import { join } from 'node:path';
import { claimFiles } from '../../src/storage/claim-files.ts';
import { LocalStorage } from '../../src/storage/local-storage.ts';
import { memoryLog } from '../support/memory-log.ts';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { S3Storage } from '../../src/storage/s3-storage.ts';
import { startSwift, swiftNeeds } from '../support/swift.ts';
import type { FileStorage, StoredFile } from '../../src/storage/file-storage.ts';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const photoFiles = new LocalStorage(join(folder, 'photos'));

async function* oneByte(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
}

/** @param known the end of the keys that photos have */
function depsOf(files: FileStorage, known: string, claim: () => Promise<void> = () => Promise.resolve()) {
  const asked: (readonly string[])[] = [];
  const findUnknown = async (keys: readonly string[]) => {
    asked.push(keys);
    return keys.filter((key) => !key.endsWith(known));
  };
  const deps = { storage: files, claim, findUnknown, log: memoryLog() };
  return { deps, asked };
}

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

const bucket = swiftNeeds('in a bucket');
describe.skipIf(bucket.isMissing)(bucket.title, () => {
  /** With files that are old but for those that are called new. */
  class AgedStorage extends S3Storage {
    override async *list(prefix: string): AsyncIterable<StoredFile> {
      for await (const file of super.list(prefix))
        yield file.key.endsWith('/new.jpg') ? file : { ...file, storedAt: new Date(0) };
    }
  }

  test('old files without a row are deleted by their database only, on all pages of the list', async () => {
    const swift = await startSwift();
    try {
      const files = new AgedStorage({ ...swift.bucket, prefix: 'likeness/photos/' });
      const whole = new S3Storage(swift.bucket);
      const keys = async () => {
        const found: string[] = [];
        for await (const { key } of files.list('')) found.push(key);
        return found.sort();
      };
      const kept = ['avt_1/known.jpg', 'avt_2/new.jpg'];
      const unknown = Array.from({ length: 7 }, (_, index) => `avt_1/unknown-${index}.jpg`);
      for (const key of [...kept, ...unknown]) await files.put(key, oneByte());

      await claimFiles(whole, 'production', 'likeness/');
      const staging = depsOf(files, '/none.jpg', () => claimFiles(whole, 'staging', 'likeness/'));
      const { signal } = new AbortController();
      await expect(deleteUnknownFiles(staging.deps, signal)).rejects.toThrow('of another database');
      expect(await keys()).toEqual([...kept, ...unknown].sort());

      const production = depsOf(files, '/known.jpg', () => claimFiles(whole, 'production', 'likeness/'));
      await deleteUnknownFiles(production.deps, signal);
      expect(await keys()).toEqual(kept);
    } finally {
      await swift.close();
    }
  });
});

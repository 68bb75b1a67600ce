import { describe, expect, test } from 'vitest';
import { bindFiles } from '../../src/storage/bind-files.ts';
import { deleteUnknownFiles } from '../../src/jobs/files/delete-files.ts';
import { depsOf, oneByte } from '../support/deleting-files.ts';
import { fileStorageTests } from '../support/file-storage-tests.ts';
import { S3Storage } from '../../src/storage/s3-storage.ts';
import { startSwift, swiftNeeds } from '../support/swift.ts';
import type { StoredFile } from '../../src/storage/file-storage.ts';

const bucket = swiftNeeds('a bucket');
fileStorageTests({
  ...bucket,
  async open() {
    const swift = await startSwift();
    return { storage: new S3Storage(swift.bucket), close: () => swift.close() };
  },
});

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

      const bind = (databaseId: string) =>
        bindFiles(whole, databaseId, { path: 'likeness/', setting: 'S3_PREFIX' });
      await bind('production');
      const staging = depsOf(files, '/none.jpg', () => bind('staging'));
      const { signal } = new AbortController();
      await expect(deleteUnknownFiles(staging.deps, signal)).rejects.toThrow('to another database');
      expect(await keys()).toEqual([...kept, ...unknown].sort());

      const production = depsOf(files, '/known.jpg', () => bind('production'));
      await deleteUnknownFiles(production.deps, signal);
      expect(await keys()).toEqual(kept);
    } finally {
      await swift.close();
    }
  });
});

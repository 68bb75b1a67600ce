import { afterAll, expect, test } from 'vitest';
import { deleteFilesUnder, deleteUnknownFiles } from '../../../src/jobs/files/delete-files.ts';
import { join } from 'node:path';
import { LocalStorage } from '../../../src/storage/local-storage.ts';
import { depsOf, oneByte } from '../../support/deleting-files.ts';
import { memoryLog } from '../../support/memory-log.ts';
import type { StoredFile } from '../../../src/storage/file-storage.ts';
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

/** Its lists break off. */
class UnlistedStorage extends LocalStorage {
  readonly #listed: number;

  constructor(path: string, listed: number) {
    super(path);
    this.#listed = listed;
  }

  override async *list(prefix: string): AsyncIterable<StoredFile> {
    let left = this.#listed;
    for await (const file of super.list(prefix)) {
      if (left-- === 0) throw new Error('the storage is away');
      yield file;
    }
  }
}

test.each([
  { listed: 0, count: 3, expected: { deleted: 0, left: 3 } },
  { listed: 2, count: 3, expected: { deleted: 2, left: 1 } },
  // The rows have files that the storage has lost.
  { listed: 3, count: 5, expected: { deleted: 3, left: 0 } },
])(
  'of three files, of which $listed can be listed, and $count by the rows, the rest is left',
  async ({ listed, count, expected }) => {
    const storage = new UnlistedStorage(join(folder, `listed-${listed}`), listed);
    for (const name of ['1', '2', '3']) await storage.put(`avt_1/${name}`, oneByte());
    expect(await deleteFilesUnder({ storage, log: memoryLog() }, 'avt_1/', count)).toEqual(expected);
  },
);

import { afterAll, expect, test } from 'vitest';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalStorage } from '../../src/storage/local-storage.ts';
import { StorageFullError } from '../../src/storage/file-storage.ts';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const storage = new LocalStorage(join(folder, 'files'));

async function* chunks(error: Error | null): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
  if (error !== null) throw error;
}

test('only this user can read a file', async () => {
  await storage.put('a/1.jpg', chunks(null));
  const { mode } = await stat(join(folder, 'files/a/1.jpg'));
  expect((mode & 0o777).toString(8)).toBe('600');
});

test('nothing stays of a file whose content ends with an error', async () => {
  await expect(storage.put('c/1', chunks(new Error('lost')))).rejects.toThrow('lost');
  expect(await readdir(join(folder, 'files/c'))).toEqual([]);
});

test('a full disk has an error of its own, and nothing stays', async () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  await expect(storage.put('d/1', chunks(full))).rejects.toBeInstanceOf(StorageFullError);
  expect(await readdir(join(folder, 'files/d'))).toEqual([]);
});

test('the last file of a folder takes the folder with it, and a new file makes it again, also at the same moment', async () => {
  const names = (under: string) => readdir(join(folder, 'files', under)).catch(() => null);
  await storage.put('e/f/1', chunks(null));
  await storage.put('e/2', chunks(null));
  await storage.delete('e/f/1');
  expect(await names('e')).toEqual(['2']);
  await storage.delete('e/2');
  expect(await names('e')).toBeNull();
  for (let round = 0; round < 50; round += 1) {
    await storage.put('e/f/1', chunks(null));
    await Promise.all([storage.delete('e/f/1'), storage.put('e/f/2', chunks(null))]);
    expect(await names('e/f')).toEqual(['2']);
    await storage.delete('e/f/2');
  }
});

test('a list goes on when folders are deleted during it', async () => {
  // More than Node reads of a folder at once.
  const keys = Array.from({ length: 40 }, (_, index) => `g/${index}/file`);
  await Promise.all(keys.map((key) => storage.put(key, chunks(null))));
  const listed: string[] = [];
  for await (const { key } of storage.list('g/')) {
    listed.push(key);
    if (listed.length === 1)
      await Promise.all(keys.filter((other) => other !== key).map((other) => storage.delete(other)));
  }
  expect(listed).toHaveLength(1);
});

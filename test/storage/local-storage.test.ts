import { afterAll, expect, test } from 'vitest';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalStorage } from '../../src/storage/local-storage.ts';
import { StorageFullError, type FilePart } from '../../src/storage/file-storage.ts';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const storage = new LocalStorage(join(folder, 'files'));

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

async function textOf(key: string, part?: FilePart): Promise<string | null> {
  const content = await storage.read(key, part);
  if (content === null) return null;
  let text = '';
  for await (const piece of content) text += new TextDecoder().decode(piece);
  return text;
}

async function keys(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of storage.list(prefix)) found.push(key);
  return found.sort();
}

test('a file is stored, read, measured, listed by its prefix and deleted', async () => {
  expect(await keys('')).toEqual([]);
  await storage.put('a/1.jpg', pieces('one', ' two'));
  await storage.put('b/1.jpg', pieces('other'));
  await storage.put('a/1.jpg', pieces('one', ' again'));
  expect(await textOf('a/1.jpg')).toBe('one again');
  expect(await storage.size('a/1.jpg')).toBe(9);
  expect(await keys('a/')).toEqual(['a/1.jpg']);
  expect(await keys('')).toEqual(['a/1.jpg', 'b/1.jpg']);
  const { mode } = await stat(join(folder, 'files/a/1.jpg'));
  expect((mode & 0o777).toString(8)).toBe('600');
  await storage.delete('a/1.jpg');
  await storage.delete('a/1.jpg');
  expect([await textOf('a/1.jpg'), await storage.size('a/1.jpg'), await keys('a/')]).toEqual([
    null,
    null,
    [],
  ]);
});

test('a part of a file is read by the positions of its first and its last byte', async () => {
  await storage.put('part.jpg', pieces('one', ' two'));
  expect(await textOf('part.jpg', { first: 2, last: 4 })).toBe('e t');
  expect(await textOf('part.jpg', { first: 0, last: 0 })).toBe('o');
  expect(await textOf('none.jpg', { first: 0, last: 0 })).toBeNull();
});

test('a file whose content ends with an error is not stored, and the earlier one stays', async () => {
  await storage.put('c/1', pieces('earlier'));
  const broken = (async function* () {
    yield* pieces('later');
    throw new Error('lost');
  })();
  await expect(storage.put('c/1', broken)).rejects.toThrow('lost');
  expect(await textOf('c/1')).toBe('earlier');
  expect(await readdir(join(folder, 'files/c'))).toEqual(['1']);
});

test('the last file of a folder takes the folder with it, and a new file makes it again, also at the same moment', async () => {
  await storage.put('e/f/1', pieces('x'));
  await storage.put('e/2', pieces('x'));
  await storage.delete('e/f/1');
  expect(await readdir(join(folder, 'files/e'))).toEqual(['2']);
  await storage.delete('e/2');
  expect(await readdir(join(folder, 'files'))).not.toContain('e');
  for (let round = 0; round < 50; round += 1) {
    await storage.put('e/f/1', pieces('x'));
    await Promise.all([storage.delete('e/f/1'), storage.put(`e/f/${round + 2}`, pieces('x'))]);
    expect(await keys('e/')).toEqual([`e/f/${round + 2}`]);
    await storage.delete(`e/f/${round + 2}`);
  }
});

test('a full disk has an error of its own, and nothing stays', async () => {
  const full = (async function* () {
    yield* pieces('first');
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  })();
  await expect(storage.put('d/1', full)).rejects.toBeInstanceOf(StorageFullError);
  expect(await keys('d/')).toEqual([]);
});

test.each(['../a', 'a/../b', '/a', '', 'a//b', '.hidden', 'a/.', 'a\0', 'a\\b'])(
  '%j is no key',
  async (key) => {
    await expect(storage.put(key, pieces('x'))).rejects.toThrow('is no key of a file');
    await expect(storage.read(key)).rejects.toThrow('is no key of a file');
  },
);

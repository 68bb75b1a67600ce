import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chunks } from './chunks.ts';
import type { FilePart, FileStorage } from '../../src/storage/file-storage.ts';

type StorageUnderTest = {
  readonly title: string;
  readonly isMissing: boolean;
  readonly open: () => Promise<{ readonly storage: FileStorage; close(): Promise<void> }>;
};

/** Of a list of the bucket; so few that a few files are several pages. */
export const FILES_OF_PAGE = 3;

/** Larger than a part of an upload to a bucket. */
const LARGE = 12_000_001;

/** A period that is no power of two: a part in the place of another is noticed. */
const CHUNK = Uint8Array.from({ length: 251 * 256 }, (_, index) => index % 251);

/** Bytes that differ from place to place. */
async function* large(size = LARGE): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
}

/** What every storage does. */
export function fileStorageTests({ title, isMissing, open }: StorageUnderTest): void {
  describe.skipIf(isMissing)(title, () => {
    let opened: Awaited<ReturnType<StorageUnderTest['open']>>;
    let storage: FileStorage;
    beforeAll(async () => {
      opened = await open();
      storage = opened.storage;
    });
    afterAll(() => opened.close());

    async function bytesOf(key: string, part?: FilePart): Promise<Buffer | null> {
      const content = await storage.read(key, part);
      if (content === null) return null;
      const found: Uint8Array[] = [];
      for await (const chunk of content) found.push(chunk);
      return Buffer.concat(found);
    }

    const textOf = async (key: string, part?: FilePart) => (await bytesOf(key, part))?.toString() ?? null;

    async function keys(prefix: string): Promise<string[]> {
      const found: string[] = [];
      for await (const { key } of storage.list(prefix)) found.push(key);
      return found.sort();
    }

    test('stores, reads, measures, lists and deletes files', async () => {
      expect(await keys('')).toEqual([]);
      const before = Date.now();
      await storage.put('a/1.jpg', chunks('one', ' two'));
      await storage.put('ab/1.jpg', chunks('other'));
      await storage.put('a/1.jpg', chunks('one', ' again'));
      expect(await textOf('a/1.jpg')).toBe('one again');
      expect(await storage.size('a/1.jpg')).toBe(9);
      expect(await keys('a/')).toEqual(['a/1.jpg']);
      expect(await keys('')).toEqual(['a/1.jpg', 'ab/1.jpg']);
      for await (const { storedAt } of storage.list('a/'))
        expect(Math.abs(storedAt.getTime() - before)).toBeLessThan(60_000);
      await storage.delete('a/1.jpg');
      await storage.delete('a/1.jpg');
      expect([await textOf('a/1.jpg'), await storage.size('a/1.jpg'), await keys('a/')]).toEqual([
        null,
        null,
        [],
      ]);
    });

    test('reads a part of a file by the positions of its first and its last byte', async () => {
      await storage.put('part/1', chunks('one', ' two'));
      expect(await textOf('part/1', { first: 2, last: 4 })).toBe('e t');
      expect(await textOf('part/1', { first: 0, last: 0 })).toBe('o');
      expect(await textOf('part/none', { first: 0, last: 0 })).toBeNull();
    });

    test('stores an empty file', async () => {
      await storage.put('empty/1', chunks());
      expect([await storage.size('empty/1'), await textOf('empty/1')]).toEqual([0, '']);
    });

    test('stores a large file as it is', async () => {
      await storage.put('large/1', large());
      expect(await storage.size('large/1')).toBe(LARGE);
      const expected: Uint8Array[] = [];
      for await (const chunk of large()) expected.push(chunk);
      expect((await bytesOf('large/1'))?.equals(Buffer.concat(expected))).toBe(true);
    });

    test('lists more files than a page has', async () => {
      const names = Array.from({ length: 2 * FILES_OF_PAGE + 1 }, (_, index) => `many/${index}`);
      for (const name of names) await storage.put(name, chunks(name));
      expect(await keys('many/')).toEqual(names);
    });

    test.each([100, LARGE])('stores nothing of a content that breaks off after %i bytes', async (size) => {
      await storage.put(`broken/${size}`, chunks('earlier'));
      const broken = (async function* () {
        yield* large(size);
        throw new Error('lost');
      })();
      await expect(storage.put(`broken/${size}`, broken)).rejects.toThrow('lost');
      expect(await textOf(`broken/${size}`)).toBe('earlier');
    });

    test.each(['../a', 'a/../b', '/a', '', 'a//b', '.hidden', 'a/.', 'a\0', 'a\\b'])(
      'refuses %j as a key',
      async (key) => {
        const message = 'is not a key of a file';
        await expect(storage.put(key, chunks('x'))).rejects.toThrow(message);
        await expect(storage.read(key)).rejects.toThrow(message);
        await expect(storage.size(key)).rejects.toThrow(message);
        await expect(storage.delete(key)).rejects.toThrow(message);
      },
    );
  });
}

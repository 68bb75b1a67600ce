import { randomBytes } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { StateFolder } from './state-folder.ts';

const storedFile = z.object({
  id: z.string(),
  name: z.string(),
  contentType: z.string(),
  size: z.number(),
  /** Absent: never. */
  expiresAt: z.number().optional(),
});
export type StoredFile = z.infer<typeof storedFile>;
export type FileStore = ReturnType<typeof createFileStore>;

const MOST_IN_MEMORY_BYTES = 1024 * 1024 * 1024;

/** Public files under unguessable ids: on disk with a folder, otherwise in memory, where the oldest are evicted. */
export function createFileStore(
  folder: StateFolder,
  base: () => string,
  { now = Date.now, mostInMemoryBytes = MOST_IN_MEMORY_BYTES } = {},
) {
  const files = new Map<string, StoredFile>();
  const inMemory = new Map<string, Buffer>();
  let bytesInMemory = 0;
  const remember = (id: string, bytes: Buffer) => {
    inMemory.set(id, bytes);
    bytesInMemory += bytes.length;
    for (const [oldest, { length }] of inMemory) {
      if (bytesInMemory <= mostInMemoryBytes || oldest === id) return;
      inMemory.delete(oldest);
      files.delete(oldest);
      bytesInMemory -= length;
    }
  };
  for (const name of folder.list('files')) {
    const file = storedFile.safeParse(folder.read(name));
    if (file.success) files.set(file.data.id, file.data);
  }
  const pathOf = (file: StoredFile) => (folder.dir === undefined ? null : join(folder.dir, 'files', file.id));

  return {
    newId: () => randomBytes(12).toString('hex'),
    urlOf: (file: Pick<StoredFile, 'id' | 'name'>) =>
      `${base()}/files/${file.id}/${encodeURIComponent(file.name)}`,
    /** Null: the bytes are in memory. */
    pathOf,
    /** Null for an expired file. */
    find(id: string | undefined): StoredFile | null {
      const file = files.get(id ?? '');
      return file === undefined || (file.expiresAt ?? Infinity) <= now() ? null : file;
    },
    /** Every file is gone, as after the time that fal keeps it. */
    expireAll(): void {
      for (const [id, file] of files) files.set(id, { ...file, expiresAt: 0 });
    },
    /** @param keepMs undefined: for ever */
    async put(
      bytes: Buffer,
      { keepMs, ...about }: { id: string; name: string; contentType: string; keepMs?: number | undefined },
    ): Promise<StoredFile> {
      const expiry = keepMs === undefined ? {} : { expiresAt: now() + keepMs };
      const file = { ...about, size: bytes.length, ...expiry };
      const path = pathOf(file);
      if (path === null) remember(file.id, bytes);
      else await writeFile(path, bytes);
      folder.write(`files/${file.id}`, file);
      files.set(file.id, file);
      return file;
    },
    async read(file: StoredFile): Promise<Buffer> {
      const path = pathOf(file);
      return path === null ? (inMemory.get(file.id) ?? Buffer.alloc(0)) : readFile(path);
    },
    async readStart(file: StoredFile, most: number): Promise<Buffer> {
      const path = pathOf(file);
      if (path === null) return (inMemory.get(file.id) ?? Buffer.alloc(0)).subarray(0, most);
      const opened = await open(path);
      try {
        const { bytesRead, buffer } = await opened.read(Buffer.alloc(Math.min(most, file.size)), 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await opened.close();
      }
    },
  };
}

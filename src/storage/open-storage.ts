import { join } from 'node:path';
import { LocalStorage } from './local-storage.ts';
import type { Bucket } from './s3-storage.ts';
import type { FileStorage } from './file-storage.ts';

export type StorageConfig = {
  readonly dataDir: string;
  /** Null: files are in the data folder. */
  readonly bucket: Bucket | null;
};

/** @param name of the folder with the files of one kind, such as `photos` */
export async function openStorage({ dataDir, bucket }: StorageConfig, name: string): Promise<FileStorage> {
  if (bucket === null) return new LocalStorage(join(dataDir, name));
  // Loaded on use: most servers have no bucket.
  const { S3Storage } = await import('./s3-storage.ts');
  return new S3Storage({ ...bucket, prefix: `${bucket.prefix}${name}/` });
}

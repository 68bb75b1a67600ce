import { join } from 'node:path';
import { bindFiles, type FilePlace } from './bind-files.ts';
import { LocalStorage } from './local-storage.ts';
import type { Bucket } from './s3-storage.ts';
import type { FileStorage } from './file-storage.ts';

export type StorageConfig = {
  readonly dataDir: string;
  /** Null: files are in the data folder. */
  readonly bucket: Bucket | null;
};

type OpenedStorage = {
  readonly files: FileStorage;
  /**
   * Binds the storage to one database, before files are deleted that it does not know.
   *
   * @throws ForeignFilesError, StorageFullError, StorageUnavailableError
   */
  readonly bind: () => Promise<void>;
};

/** @param name of the folder with the files of one kind, such as `photos` */
export async function openStorage(
  { dataDir, bucket }: StorageConfig,
  name: string,
  databaseId: () => Promise<string>,
): Promise<OpenedStorage> {
  const bindTo = (whole: FileStorage, place: FilePlace) => async () =>
    bindFiles(whole, await databaseId(), place);
  if (bucket === null) {
    const place = { path: join(dataDir, '/'), setting: 'DATA_DIR' };
    return {
      files: new LocalStorage(join(dataDir, name)),
      bind: bindTo(new LocalStorage(dataDir), place),
    };
  }
  // Loaded on use: most servers have no bucket.
  const { S3Storage } = await import('./s3-storage.ts');
  const place = { path: `${bucket.name}/${bucket.prefix}`, setting: 'S3_BUCKET or S3_PREFIX' };
  return {
    files: new S3Storage({ ...bucket, prefix: `${bucket.prefix}${name}/` }),
    bind: bindTo(new S3Storage(bucket), place),
  };
}

import { join } from 'node:path';
import { claimFiles, type FilePlace } from './claim-files.ts';
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
   * Makes the storage that of one database, before files are deleted that it does not know.
   *
   * @throws ForeignFilesError, StorageFullError, StorageUnavailableError
   */
  readonly claim: () => Promise<void>;
};

/** @param name of the folder with the files of one kind, such as `photos` */
export async function openStorage(
  { dataDir, bucket }: StorageConfig,
  name: string,
  databaseId: () => Promise<string>,
): Promise<OpenedStorage> {
  const claimOf = (whole: FileStorage, place: FilePlace) => async () =>
    claimFiles(whole, await databaseId(), place);
  if (bucket === null) {
    const place = { path: join(dataDir, '/'), setting: 'DATA_DIR' };
    return {
      files: new LocalStorage(join(dataDir, name)),
      claim: claimOf(new LocalStorage(dataDir), place),
    };
  }
  // Loaded on use: most servers have no bucket.
  const { S3Storage } = await import('./s3-storage.ts');
  const place = { path: `${bucket.name}/${bucket.prefix}`, setting: 'S3_BUCKET or S3_PREFIX' };
  return {
    files: new S3Storage({ ...bucket, prefix: `${bucket.prefix}${name}/` }),
    claim: claimOf(new S3Storage(bucket), place),
  };
}

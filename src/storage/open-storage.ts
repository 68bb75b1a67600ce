import { join } from 'node:path';
import { LocalStorage } from './local-storage.ts';
import type { FileStorage } from './file-storage.ts';

export type StorageConfig = { readonly dataDir: string };

/** @param name of the folder with the files of one kind, such as `photos` */
export async function openStorage({ dataDir }: StorageConfig, name: string): Promise<FileStorage> {
  return new LocalStorage(join(dataDir, name));
}

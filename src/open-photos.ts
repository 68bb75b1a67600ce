import { join } from 'node:path';
import { archive } from './photos/archive.ts';
import { createPhotoIntake } from './photos/photo-intake.ts';
import { KeyedSemaphore } from './async/keyed-semaphore.ts';
import { ForeignFilesError } from './storage/bind-files.ts';
import { openStorage, type StorageConfig } from './storage/open-storage.ts';
import { PhotoProcess } from './photos/photo-process.ts';
import { Spool } from './photos/spool.ts';
import type { Log } from './log/log.ts';

/** Each is a file of up to 20 MB on the disk. */
const UPLOADS_PER_OWNER = 60;
const UPLOADS_PER_SERVER = 200;

/**
 * The parts of the photos' use cases that keep and decode files.
 *
 * @throws ForeignFilesError when the files are those of another database
 */
export async function openPhotos(config: StorageConfig, databaseId: () => Promise<string>, log: Log) {
  const { files: photoFiles, bind } = await openStorage(config, 'photos', databaseId);
  await bind().catch((error: unknown) => {
    if (error instanceof ForeignFilesError) throw error;
    // Everything but photos works without them.
    log.warn({ err: error }, 'photo storage unavailable');
  });
  const process = new PhotoProcess(log);
  const spool = new Spool(join(config.dataDir, 'uploads'));
  return {
    spool,
    archive,
    photoFiles,
    bindPhotoFiles: bind,
    photoIntake: createPhotoIntake(spool, process),
    uploadPlaces: {
      photo: new KeyedSemaphore(1),
      owner: new KeyedSemaphore(UPLOADS_PER_OWNER, UPLOADS_PER_SERVER),
    },
    close: () => process.close(),
  };
}

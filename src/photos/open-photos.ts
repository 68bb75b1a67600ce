import { join } from 'node:path';
import { archive } from './archive.ts';
import { createPhotoIntake } from './photo-intake.ts';
import { KeyedSemaphore } from '../async/keyed-semaphore.ts';
import { LocalStorage } from '../storage/local-storage.ts';
import { OneByOne } from '../async/one-by-one.ts';
import { PhotoProcess } from './photo-process.ts';
import { Spool } from './spool.ts';
import type { Log } from '../log/log.ts';

/** Each is a file of up to 20 MB on the disk. */
const UPLOADS_PER_OWNER = 60;
const UPLOADS_PER_SERVER = 200;

/** The parts of the photos' use cases that keep and decode files, in a data folder. */
export function openPhotos(dataDir: string, log: Log) {
  const process = new PhotoProcess(log);
  const spool = new Spool(join(dataDir, 'uploads'));
  return {
    spool,
    archive,
    photoFiles: new LocalStorage(join(dataDir, 'photos')),
    photoIntake: createPhotoIntake(spool, process),
    uploadPlaces: {
      photo: new KeyedSemaphore(1),
      owner: new KeyedSemaphore(UPLOADS_PER_OWNER),
      server: new KeyedSemaphore(UPLOADS_PER_SERVER),
    },
    photoTrainings: new OneByOne(),
    close: () => process.close(),
  };
}

import { createReadStream } from 'node:fs';
import { assess, photoType } from '../domain/photo.ts';
import { MINUTE_MS } from '../values/units.ts';
import type { PhotoIntake, ReceivedPhoto } from '../jobs/photos/receive-photo.ts';
import type { PhotoProcess } from './photo-process.ts';
import type { Spool, Spooled } from './spool.ts';

/** A sender may pause this long. */
const STALL_MS = 20_000;
/** 20 MB at 70 KB a second. */
const TIMEOUT_MS = 5 * MINUTE_MS;

/** Takes uploads to the disk, and checks them by their bytes. */
export function createPhotoIntake(spool: Spool, process: PhotoProcess): PhotoIntake {
  return {
    async receive(chunks, size) {
      const spooled = await spool.receive(chunks, { size, stallMs: STALL_MS, timeoutMs: TIMEOUT_MS });
      return spooled.kind === 'spooled' ? { kind: 'received', photo: received(spooled) } : spooled;
    },
  };

  function received({ path, sha256, head }: Extract<Spooled, { kind: 'spooled' }>): ReceivedPhoto {
    const stored = spool.newPath();
    return {
      async check(ownerId) {
        const type = photoType(head);
        if ('problem' in type) return type.problem;
        const decoded = await process.check(ownerId, path, stored);
        if ('problem' in decoded) return decoded.problem;
        const { width, height, grey } = decoded;
        return assess({ ...type, width, height, grey }, sha256);
      },
      content: () => createReadStream(stored),
      remove: () => spool.remove(path, stored),
    };
  }
}

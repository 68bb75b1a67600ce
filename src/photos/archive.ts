import { makeZip, predictLength } from 'client-zip';
import type { PhotoArchiveDeps } from '../jobs/photos/photo-archive.ts';

/** A zip without compression, since photos are compressed already. */
export const archive: PhotoArchiveDeps['archive'] = (files) => ({
  size: Number(predictLength(files.map(({ name, size }) => ({ name, size })))),
  content: makeZip(
    files.map(({ name, size, content }) => ({ name, size, input: content, lastModified: new Date() })),
  ),
});

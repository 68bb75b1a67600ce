import { archive } from '../../../src/photos/archive.ts';
import { eventually } from '../../support/eventually.ts';
import { expect, test } from 'vitest';
import {
  uploadPhotos,
  type PhotoArchiveDeps,
  type UploadRequest,
} from '../../../src/jobs/photos/photo-archive.ts';

const SIZE = 1_000_000;
const PHOTOS = ['a.jpg', 'b.jpg', 'c.jpg'].map((file) => ({ id: file, key: file, caption: null }));

async function read({ content }: UploadRequest, chunks: number): Promise<void> {
  let left = chunks;
  for await (const chunk of content) if (chunk.byteLength > 0 && (left -= 1) <= 0) return;
}

test.each([
  ['before the first byte', 0],
  ['in the first photo', 5],
  ['in a later photo', 40],
  ['by nothing', Infinity],
])('no photo stays open when the upload is broken off %s', async (_when, chunks) => {
  const open = new Set<string>();
  const photoFiles: PhotoArchiveDeps['photoFiles'] = {
    size: () => Promise.resolve(SIZE),
    read: (key) => {
      open.add(key);
      return Promise.resolve(contentOf(key));
    },
  };
  async function* contentOf(key: string) {
    try {
      for (let sent = 0; sent < SIZE; sent += 50_000) yield await Promise.resolve(new Uint8Array(50_000));
    } finally {
      open.delete(key);
    }
  }
  const deps: PhotoArchiveDeps = {
    photoStore: { findAccepted: () => Promise.resolve(PHOTOS) },
    photoFiles,
    archive,
    provider: {
      upload: async (file) => {
        if (chunks > 0) await read(file, chunks);
        // The archive opens its first file by itself.
        else await eventually('an open photo', async () => open.size > 0);
        return { failed: 'broken off' };
      },
    },
  };
  expect(await uploadPhotos(deps, PHOTOS)).toMatchObject({ refused: { code: 'PROVIDER_UNAVAILABLE' } });
  await eventually('no open photo', async () => open.size === 0);
});

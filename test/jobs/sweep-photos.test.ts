import { afterAll, expect, test } from 'vitest';
import { deleteUnknownFiles, type SweepPhotosDeps } from '../../src/jobs/sweep-photos.ts';
import { InFlight } from '../../src/async/in-flight.ts';
import { join } from 'node:path';
import { LocalStorage } from '../../src/storage/local-storage.ts';
import { memoryLog } from '../support/memory-log.ts';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { Spool } from '../../src/photos/spool.ts';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const photoFiles = new LocalStorage(join(folder, 'photos'));

async function stored(key: string, isOld: boolean): Promise<void> {
  await photoFiles.put(
    key,
    (async function* () {
      yield new Uint8Array(1);
    })(),
  );
  if (isOld) await utimes(join(folder, 'photos', key), 0, 0);
}

test('old files without a photo are deleted; those of photos, and those that may get one, stay', async () => {
  await stored('avt_1/known.jpg', true);
  await stored('avt_1/unknown.jpg', true);
  await stored('avt_2/1234.part', true);
  await stored('avt_2/new.jpg', false);
  const asked: (readonly string[])[] = [];
  const deps = {
    photoStore: {
      deleteDue: () => Promise.reject(new Error('not here')),
      findUnknown: async (files: readonly string[]) => {
        asked.push(files);
        return files.filter((file) => !file.endsWith('/known.jpg'));
      },
    },
    photoFiles,
    spool: new Spool(join(folder, 'uploads')),
    log: memoryLog(),
    inFlight: new InFlight(),
  } as unknown as SweepPhotosDeps;

  await deleteUnknownFiles(deps, new AbortController().signal);

  const left = await readdir(join(folder, 'photos'), { recursive: true });
  expect(left.filter((name) => name.includes('/')).sort()).toEqual(['avt_1/known.jpg', 'avt_2/new.jpg']);
  expect(asked).toHaveLength(1);
});

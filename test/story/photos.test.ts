import { afterAll, expect, test } from 'vitest';
import { join } from 'node:path';
import { readdir, readFile, stat } from 'node:fs/promises';
import sharp from 'sharp';
import { eventually } from '../support/eventually.ts';
import { photosOfSpots, spots } from '../support/photos.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

test('photos are uploaded, judged one by one and shown live', async () => {
  const { id: avatarId } = await app.newAvatar();
  const photos = await photosOfSpots(3);
  const watch = app.watchPhotoSet({ avatarId });
  const first = await watch.until(({ photos: [photo] }) => photo === undefined, 'the empty set');
  expect(first).toMatchObject({ accepted: 0, minimum: 10, isEnough: false });

  const answers = await app.uploadPhotos(avatarId, photos);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const set = await watch.until(({ accepted }) => accepted === 3, 'three accepted photos');
  expect(
    set.photos.map(({ name, state, width, height, contentType }) => ({
      name,
      state,
      width,
      height,
      contentType,
    })),
  ).toEqual(
    photos.map(({ name }) => ({
      name,
      state: 'ACCEPTED',
      width: 512,
      height: 640,
      contentType: 'image/jpeg',
    })),
  );
  expect(set.advice[0]).toBe(
    'Add 7 more photos: this trainer needs at least 10. Vary pose, expression, light and background.',
  );
});

test('a photo is stored upright and without its metadata, and the upload is gone', async () => {
  const { id: avatarId } = await app.newAvatar();
  const bytes = await (
    await spots(3, 800, 600)
  )
    .withMetadata({ orientation: 6 })
    .withExifMerge({ IFD0: { Make: 'Secret Camera' }, IFD3: { GPSLatitudeRef: 'N' } })
    .jpeg()
    .toBuffer();
  expect(bytes.includes('Secret Camera')).toBe(true);
  const [answer] = await app.uploadPhotos(avatarId, [{ name: 'a.png', bytes }]);
  expect(await answer?.json()).toMatchObject({ state: 'ACCEPTED', warnings: [] });
  const set = await app.photoSet(avatarId);
  expect(set?.photos).toMatchObject([{ width: 600, height: 800, contentType: 'image/jpeg' }]);
  const [stored, ...others] = await storedFiles(avatarId);
  expect(others).toEqual([]);
  expect(stored?.bytes.includes('Secret Camera')).toBe(false);
  const metadata = await sharp(stored?.bytes).metadata();
  expect(metadata).toMatchObject({ width: 600, height: 800, format: 'jpeg' });
  expect(metadata.exif).toBeUndefined();
  expect(stored?.mode).toBe(0o600);
  expect(await readdir(join(app.dataDir, 'uploads'))).toEqual([]);
});

test('a large photo is stored with 2048 pixels at most', async () => {
  const { id: avatarId } = await app.newAvatar();
  const bytes = await (await spots(4, 2560, 1920)).webp({ quality: 50, effort: 0 }).toBuffer();
  await app.uploadPhotos(avatarId, [{ name: 'large.webp', bytes }]);
  expect((await app.photoSet(avatarId))?.photos).toMatchObject([{ width: 2560, contentType: 'image/webp' }]);
  const [stored] = await storedFiles(avatarId);
  expect(await sharp(stored?.bytes).metadata()).toMatchObject({ width: 2048, height: 1536, format: 'jpeg' });
});

test('weak photos are accepted with warnings, and the same file again is refused', async () => {
  const { id: avatarId } = await app.newAvatar();
  const sharpOne = await spots(5);
  const original = await sharpOne.clone().jpeg().toBuffer();
  const uploads: [name: string, bytes: Buffer][] = [
    ['original', original],
    ['again', original],
    ['similar', await sharpOne.clone().modulate({ brightness: 1.1 }).png().toBuffer()],
    ['blurred', await (await spots(6)).blur(30).jpeg().toBuffer()],
    ['dark', await (await spots(7)).linear(0.1, 0).jpeg().toBuffer()],
    ['bright', await (await spots(8)).linear(0.1, 229).jpeg().toBuffer()],
    ['small', await (await spots(9, 300, 400)).jpeg().toBuffer()],
  ];
  const results: Record<string, unknown> = {};
  for (const [name, bytes] of uploads) {
    const [answer] = await app.uploadPhotos(avatarId, [{ name, bytes }]);
    const body = (await answer?.json()) as { code?: string; warnings?: { code: string }[] };
    results[name] = body.code ?? body.warnings?.map(({ code }) => code);
  }
  expect(results).toEqual({
    original: [],
    again: 'DUPLICATE',
    similar: ['SIMILAR'],
    blurred: expect.arrayContaining(['BLURRED']) as unknown,
    dark: expect.arrayContaining(['TOO_DARK']) as unknown,
    bright: expect.arrayContaining(['TOO_BRIGHT']) as unknown,
    small: ['LOW_RESOLUTION'],
  });
  const set = await app.photoSet(avatarId);
  expect(set).toMatchObject({ accepted: 6, refused: 1, pending: 0 });
  expect(set?.advice).toContain('1 photo was refused: remove or replace it.');
  expect(set?.advice).toContain('1 photo is overexposed: use ones with less light.');
});

test('a deleted photo leaves the set and the disk', async () => {
  const { id: avatarId } = await app.newAvatar();
  await app.uploadPhotos(avatarId, [{ name: 'a', bytes: await (await spots(10)).png().toBuffer() }]);
  const set = await app.photoSet(avatarId);
  const after = await app.deletePhoto(set?.photos[0]?.id ?? '');
  expect(after).toMatchObject({ photos: [], accepted: 0 });
  expect(after.version).toBeGreaterThan(set?.version ?? NaN);
  expect(await storedFiles(avatarId)).toEqual([]);
});

test('photos whose time is over are deleted, and their subscribers see it', async () => {
  const { id: avatarId } = await app.newAvatar();
  await app.uploadPhotos(avatarId, [{ name: 'a', bytes: await (await spots(11)).png().toBuffer() }]);
  await app.photoUploads(avatarId, [{ name: 'never uploaded', size: 5 }]);
  const set = await app.photoSet(avatarId);
  await app.restart(async ({ pool }) => {
    const end = `UPDATE photos SET expires_at = now() - interval '11 minutes' WHERE avatar_id = $1`;
    await pool.query(end, [avatarId]);
  });
  const watch = app.watchPhotoSet({ avatarId, afterVersion: set?.version ?? 0 });
  await watch.until(({ photos }) => photos.length === 0, 'no photos');
  const folder = join(app.dataDir, 'photos', avatarId);
  await eventually('no files', async () => (await readdir(folder).catch(() => [])).length === 0);
});

/** Files of an avatar's photos on the server's disk. */
async function storedFiles(avatarId: string) {
  const folder = join(app.dataDir, 'photos', avatarId);
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.map(async (name) => ({
      bytes: await readFile(join(folder, name)),
      mode: (await stat(join(folder, name))).mode & 0o777,
    })),
  );
}

import { afterAll, expect, test } from 'vitest';
import { join } from 'node:path';
import { readdir, readFile, rm } from 'node:fs/promises';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { photosOfSpots, spots } from '../support/photos.ts';
import { codeOf, shownPhotos } from '../support/shown-files.ts';
import { startTestApp } from '../support/test-app.ts';

// It keeps no copies of fal's files: a photo is this server's own.
const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET, KEEP_FILES: 'off' } });
afterAll(() => app.close());

const ada = { token: await tokenOf('ada') };

/** A new avatar with one accepted photo. */
async function avatarWithPhoto(seed: number) {
  const { id: avatarId } = await app.newAvatar({}, ada);
  const bytes = await (await spots(seed)).png().toBuffer();
  await app.uploadPhotos(avatarId, [{ name: 'a.png', bytes }], ada);
  const [photo] = await shownPhotos(app, avatarId, ada);
  return { avatarId, photoId: photo?.id ?? '', url: photo?.url ?? '' };
}

const GONE = [404, 'FILE_UNKNOWN'];

test('an accepted photo opens as it is stored, without a token, and a browser keeps it', async () => {
  const { avatarId, url } = await avatarWithPhoto(1);
  const folder = join(app.dataDir, 'photos', avatarId);
  const [name = ''] = await readdir(folder);
  const stored = await readFile(join(folder, name));

  const answer = await fetch(url, { headers: { origin: 'https://any.example' } });
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'image/jpeg',
    'content-length': String(stored.length),
    'content-disposition': expect.stringMatching(
      /^inline; filename="avatar-photo-20\d\d-\d\d-\d\d\.jpg"$/,
    ) as string,
    'cache-control': expect.stringMatching(/^private, max-age=\d+, immutable$/) as string,
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': '*',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  });
  const seconds = Number(/max-age=(\d+)/.exec(answer.headers.get('cache-control') ?? '')?.[1]);
  expect(seconds).toBeGreaterThan(3500);
  expect(seconds).toBeLessThanOrEqual(7200);
  expect(Buffer.from(await answer.arrayBuffer()).equals(stored)).toBe(true);

  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
    200,
    String(stored.length),
    '',
  ]);
  const known = await fetch(url, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } });
  expect([known.status, await known.text()]).toEqual([304, '']);
  const part = await fetch(url, { headers: { range: 'bytes=2-5' } });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 2-5/${stored.length}`]);
  expect(Buffer.from(await part.arrayBuffer()).equals(stored.subarray(2, 6))).toBe(true);
});

test('two photos have different ETags', async () => {
  const { avatarId } = await avatarWithPhoto(2);
  await app.uploadPhotos(avatarId, [{ name: 'b', bytes: await (await spots(3)).png().toBuffer() }], ada);
  const photos = await shownPhotos(app, avatarId, ada);
  const answers = await Promise.all(photos.map(({ url }) => fetch(url ?? '', { method: 'HEAD' })));
  expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size).toBe(2);
});

test('a photo that is expected or refused has no URL', async () => {
  const { id: avatarId } = await app.newAvatar({}, ada);
  await app.uploadPhotos(avatarId, [{ name: 'notes', bytes: Buffer.from('no photo') }], ada);
  await app.photoUploads(avatarId, [{ name: 'later', size: 5 }], ada);
  expect(await shownPhotos(app, avatarId, ada)).toMatchObject([
    { state: 'REFUSED', url: null },
    { state: 'PENDING', url: null },
  ]);
});

test('the URL of a deleted photo answers 404 at once', async () => {
  const { photoId, url } = await avatarWithPhoto(4);
  const etag = (await fetch(url, { method: 'HEAD' })).headers.get('etag') ?? '';
  await app.deletePhoto(photoId, ada);
  expect(await codeOf(await fetch(url))).toEqual(GONE);
  expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(404);
});

test('the URLs of the photos of a deleted avatar answer 404 at once', async () => {
  const { avatarId, url } = await avatarWithPhoto(5);
  await app.deleteAvatar(avatarId, ada);
  expect(await codeOf(await fetch(url))).toEqual(GONE);
});

test('the URLs of photos answer 404 once a training has used them', async () => {
  const { id: avatarId } = await app.newAvatar({}, ada);
  await app.uploadPhotos(avatarId, await photosOfSpots(4), ada);
  const photos = await shownPhotos(app, avatarId, ada);
  await app.train({ avatarId, imagesUrl: null, trainer: 'FLUX_LORA_FAST' }, ada);
  await app.restart();
  const watch = app.watchPhotoSet({ avatarId }, ada);
  await watch.until(({ photos: left }) => left.length === 0, 'the photos to be deleted');
  for (const { url } of photos) expect(await codeOf(await fetch(url ?? ''))).toEqual(GONE);
});

test('a photo whose file the storage has lost answers 404', async () => {
  const { avatarId, url } = await avatarWithPhoto(6);
  await rm(join(app.dataDir, 'photos', avatarId), { recursive: true });
  expect(await codeOf(await fetch(url))).toEqual(GONE);
});

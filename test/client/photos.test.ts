import { afterAll, describe, expect, test } from 'vitest';
import type { Fetch, PhotoFile, UploadProgress } from '../../packages/client/src/client.ts';
import { photosOfSpots } from '../support/photos.ts';
import { quickClient } from '../support/quick-client.ts';
import { startGateway } from '../support/gateway.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
const gateway = await startGateway(app.url);
afterAll(async () => {
  await gateway.close();
  await app.close();
});

const client = quickClient(app.url);
const photos: PhotoFile[] = (await photosOfSpots(5)).map(
  ({ name, bytes }) => new File([new Uint8Array(bytes)], name, { type: 'image/jpeg' }),
);
const noPhoto = new File(['not a photo'], 'text.jpg');

/** A client whose uploads `put` makes. */
function clientWith(put: Fetch) {
  return quickClient(app.url, {
    fetch: (url, init) => (init.method === 'PUT' ? put(url, init) : fetch(url, init)),
  });
}

test('photos are uploaded, and each has its verdict', async () => {
  const { id } = await app.newAvatar();
  const reports: UploadProgress[] = [];
  const results = await client.uploadPhotos(id, [...photos, noPhoto], {
    onProgress: (progress) => reports.push(progress),
    captionOf: ({ name }) => (name === photos[0]?.name ? 'in the garden' : undefined),
  });

  expect(results.map(({ name, state, code }) => [name, state, code])).toEqual([
    ...photos.map(({ name }) => [name, 'ACCEPTED', null]),
    ['text.jpg', 'REFUSED', expect.any(String)],
  ]);
  const set = await client.photoSet(id);
  expect(set).toMatchObject({ accepted: 5, refused: 1, pending: 0 });
  expect(set?.photos[0]).toMatchObject({ id: results[0]?.photoId, caption: 'in the garden' });
  expect(set?.photos.map(({ url }) => url !== null)).toEqual([...photos.map(() => true), false]);
  expect((await fetch(set?.photos[0]?.url ?? '')).headers.get('content-type')).toBe('image/jpeg');

  const totalBytes = [...photos, noPhoto].reduce((sum, { size }) => sum + size, 0);
  expect(reports).toHaveLength(7);
  expect(reports[0]).toEqual({ doneBytes: 0, totalBytes, photos: [], count: 6 });
  expect(reports.at(-1)).toMatchObject({ doneBytes: totalBytes, totalBytes, count: 6 });
  const left = await client.deletePhoto({ photoId: results[5]?.photoId ?? '' });
  expect(left.photos).toHaveLength(5);
});

test('an upload that breaks off is repeated', async () => {
  const { id } = await app.newAvatar();
  const seen = new Set<string>();
  const flaky = clientWith((url, init) => {
    if (seen.has(url)) return fetch(url, init);
    seen.add(url);
    return Promise.reject(new TypeError('fetch failed'));
  });
  const results = await flaky.uploadPhotos(id, photos.slice(0, 2));
  expect(results.map(({ state }) => state)).toEqual(['ACCEPTED', 'ACCEPTED']);
});

test('an announcement without an answer is repeated, and takes the place of the first', async () => {
  const { id } = await app.newAvatar();
  const lost = [() => Promise.reject(new TypeError('fetch failed')), () => new Response('', { status: 503 })];
  let calls = 0;
  const flaky = quickClient(app.url, {
    fetch: async (url, init) => {
      const isAnnouncement = typeof init.body === 'string' && init.body.includes('createPhotoUploads');
      const answer = await fetch(url, init);
      return isAnnouncement ? ((await lost[calls++]?.()) ?? answer) : answer;
    },
  });
  const results = await flaky.uploadPhotos(id, photos.slice(0, 2));
  expect(results.map(({ state }) => state)).toEqual(['ACCEPTED', 'ACCEPTED']);
  expect(calls).toBe(3);
  expect((await client.photoSet(id))?.photos).toHaveLength(2);
});

test('a photo whose answer was lost is not uploaded again', async () => {
  const { id } = await app.newAvatar();
  let count = 0;
  const deaf = clientWith(async (url, init) => {
    count += 1;
    await fetch(url, init);
    throw new TypeError('fetch failed');
  });
  const [result] = await deaf.uploadPhotos(id, photos.slice(0, 1));
  expect(result).toMatchObject({ state: 'ACCEPTED', code: null });
  expect(count).toBe(1);
});

test('a photo that never arrives is FAILED, and the others are uploaded', async () => {
  const { id } = await app.newAvatar();
  let firstUrl = '';
  const half = clientWith((url, init) => {
    firstUrl ||= url;
    return url === firstUrl ? Promise.reject(new TypeError('fetch failed')) : fetch(url, init);
  });
  const results = await half.uploadPhotos(id, photos.slice(0, 2));
  expect(results).toMatchObject([{ state: 'FAILED', code: 'NETWORK_ERROR' }, { state: 'ACCEPTED' }]);
});

test('a set that is refused as a whole throws, and an aborted one rejects with the reason', async () => {
  const { id } = await app.newAvatar();
  const many = Array.from({ length: 61 }, () => noPhoto);
  await expect(client.uploadPhotos(id, many)).rejects.toMatchObject({ code: 'INVALID_INPUT' });

  const reason = new Error('left the page');
  const controller = new AbortController();
  const stopping = clientWith((url, init) => {
    controller.abort(reason);
    return fetch(url, init);
  });
  await expect(stopping.uploadPhotos(id, photos, { signal: controller.signal })).rejects.toBe(reason);
});

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  test('the set of photos is watched live', async () => {
    gateway.webSockets = transport === 'websocket' ? 'pass' : 'refuse';
    gateway.streams = transport === 'polling' ? 'refuse' : 'pass';
    const { id } = await app.newAvatar();
    const watch = quickClient(gateway.url).watchPhotoSet(id);
    expect((await watch.next()).value).toMatchObject({ accepted: 0, isEnough: false });

    await client.uploadPhotos(id, photos.slice(0, 1));
    for await (const { accepted } of watch) if (accepted === 1) break;

    expect(await watch.next()).toMatchObject({ done: true });
  });
});

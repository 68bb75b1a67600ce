import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copiedImages, generationWith, shownImages } from '../support/shown-files.ts';
import { startFileHost } from '../support/file-host.ts';
import { startTestApp } from '../support/test-app.ts';

const host = await startFileHost();
afterAll(() => host.close());
const app = await startTestApp({ env: { KEEP_FILES: 'on', IMPORT_ORIGINS: host.url } });
afterAll(() => app.close());

let avatarId = '';
beforeAll(async () => {
  avatarId = (await app.trainedAvatar()).id;
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

test('pictures still open, byte for byte, when fal has them no longer', async () => {
  const { id } = await app.generate({ avatarId, numImages: 2, waitSeconds: 20 });
  const { images } = await copiedImages(app, id);
  expect(images).toHaveLength(2);
  const originals = await Promise.all(
    images.map(async ({ originalUrl }) => bytesOf(await fetch(originalUrl))),
  );

  app.simulator.expireFiles();

  for (const [index, { url, originalUrl, size, sha256: sum }] of images.entries()) {
    expect((await fetch(originalUrl)).status).toBe(404);
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^image\/(?:png|jpeg)$/);
    const bytes = await bytesOf(answer);
    expect(bytes.equals(originals[index] ?? Buffer.alloc(0))).toBe(true);
    expect([size, sum]).toEqual([bytes.length, sha256(bytes)]);
  }
});

test('a picture opens from the moment its URL is shown; all who ask for it cause one download', async () => {
  const bytes = Buffer.from('\x89PNG\r\n\x1a\n and the rest', 'latin1');
  let release: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    host.serve('/slow.png', (response) => {
      release = () => void response.end(bytes);
      resolve();
    });
  });
  const id = await generationWith(app, avatarId, [`${host.url}/slow.png`]);
  const { version, images, imageUrl } = await shownImages(app, id);
  expect(images).toMatchObject([{ originalUrl: `${host.url}/slow.png`, size: null, sha256: null }]);
  expect(imageUrl).toBe(images[0]?.url);
  const answers = Array.from({ length: 5 }, () => fetch(images[0]?.url ?? ''));
  await asked;
  release();
  for (const answer of await Promise.all(answers)) {
    expect(answer.status).toBe(200);
    expect((await bytesOf(answer)).equals(bytes)).toBe(true);
  }
  expect(host.requestsOf('/slow.png')).toBe(1);
  // Nothing that subscribers see has changed.
  expect(await shownImages(app, id)).toMatchObject({ version, images: [{ sha256: sha256(bytes) }] });
});

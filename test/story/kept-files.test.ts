import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readdir, rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  copiedImages,
  generationWith,
  receiptOfDeletion,
  shownImages,
  type ShownImage,
} from '../support/shown-files.ts';
import { DeleteGenerationDocument, TypedDocumentString } from '../../src/generated/contract/graphql.ts';
import { eventually } from '../support/eventually.ts';
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

type Files = {
  readonly avatar: {
    readonly trainings: {
      readonly edges: { readonly node: { readonly artifact: { readonly files: readonly ShownImage[] } } }[];
    };
  };
};
const FILES = new TypedDocumentString<Files, { id: string }>(
  `query ($id: ID!) { avatar(id: $id) { trainings { edges { node { artifact {
    ... on LoraArtifact { files { url originalUrl size sha256 } } } } } } } }`,
);

async function copiedFiles(id: string): Promise<readonly ShownImage[]> {
  return eventually('the files of the artifact to be copied', async () => {
    const { avatar } = await app.execute(FILES, { id });
    const files = avatar.trainings.edges.flatMap(({ node }) => node.artifact.files);
    return files.length > 0 && files.every((file) => file.sha256 !== null) ? files : null;
  });
}

test('the files of an artifact are copied too, under the names that they have at fal', async () => {
  const { id, diffusersLoraFileUrl, configFileUrl } = await app.trainedAvatar();
  const files = await copiedFiles(id);
  expect(files.map(({ originalUrl }) => originalUrl)).toEqual([diffusersLoraFileUrl, configFileUrl]);
  for (const { url, originalUrl, size, sha256: sum } of files) {
    const [copy, original] = await Promise.all([fetch(url), fetch(originalUrl)]);
    const bytes = await bytesOf(copy);
    expect(bytes.equals(await bytesOf(original))).toBe(true);
    expect([size, sum]).toEqual([bytes.length, sha256(bytes)]);
    const name = new URL(originalUrl).pathname.split('/').at(-1) ?? '';
    expect(copy.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
  }
});

test('a deleted avatar leaves no file and no folder, and its receipt says what went and what fal keeps', async () => {
  const { id } = await app.trainedAvatar();
  const generation = await app.generate({ avatarId: id, waitSeconds: 20 });
  const { images } = await copiedImages(app, generation.id);
  const files = await copiedFiles(id);
  const all = [...files, ...images];

  const receipt = await receiptOfDeletion(app, id);

  const bytes = all.reduce((sum, { size }) => sum + (size ?? 0), 0);
  expect(receipt).toMatchObject({ generations: 1, trainings: 1, photos: 0, files: 3, bytes, filesLeft: 0 });
  expect(receipt.atFal.map(({ url }) => url).toSorted()).toEqual(
    all.map(({ originalUrl }) => originalUrl).toSorted(),
  );
  const daysLeft = (url: string | undefined) => {
    const until = receipt.atFal.find((file) => file.url === url)?.until;
    return Math.round((Date.parse(until ?? '') - Date.now()) / 86_400_000);
  };
  expect([daysLeft(files[0]?.originalUrl), daysLeft(images[0]?.originalUrl)]).toEqual([365, 30]);
  for (const { url } of all) expect((await fetch(url)).status).toBe(404);
  expect(await readdir(join(app.dataDir, 'files'))).not.toContain(id);
});

test('a deleted generation takes its copies with it, also one that is being made', async () => {
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    host.serve('/late.png', (response) => {
      answer = () => void response.end('late');
      resolve();
    });
  });
  const id = await generationWith(app, avatarId, [`${host.url}/late.png`]);
  const { images } = await shownImages(app, id);
  await asked;
  const waiting = fetch(images[0]?.url ?? '');
  await app.mutate(DeleteGenerationDocument, { generationId: id });
  answer();
  expect((await waiting).status).toBe(404);
  expect((await fetch(images[0]?.url ?? '')).status).toBe(404);
  await eventually('the late copy to be deleted', async () => {
    const found = await readdir(join(app.dataDir, 'files'), { recursive: true });
    return !found.some((name) => name.includes(id));
  });
});

test('a copy that the storage has lost is made again, and one that fal has lost is gone', async () => {
  host.serve('/lost.png', Buffer.from('a picture'));
  const id = await generationWith(app, avatarId, [`${host.url}/lost.png`]);
  const { images } = await copiedImages(app, id);
  const folder = join(app.dataDir, 'files', avatarId, id);
  await rm(folder, { recursive: true });
  expect(await (await fetch(images[0]?.url ?? '')).text()).toBe('a picture');
  expect(host.requestsOf('/lost.png')).toBe(2);

  await rm(folder, { recursive: true });
  host.serve('/lost.png', (response) => void response.writeHead(404).end());
  expect((await fetch(images[0]?.url ?? '')).status).toBe(503);
  // The next attempt is the last one.
  await app.restart(async ({ pool }) => {
    await pool.query('UPDATE result_files SET attempts = 3, next_attempt_at = now() WHERE run_id = $1', [id]);
  });
  const gone = await eventually('the file to be given up', async () => {
    const answer = await fetch(images[0]?.url ?? '');
    const { code } = (await answer.json()) as { code: string };
    return code === 'FILE_GONE' ? answer : null;
  });
  expect(gone.status).toBe(410);
});

test('a fault of fal is retried until the copy is there', async () => {
  let faults = 0;
  host.serve('/faulty.png', (response) => {
    faults += 1;
    if (faults === 1) response.writeHead(503).end();
    else if (faults === 2)
      response.writeHead(200, { 'content-length': 100 }).end('cut', () => response.destroy());
    else response.end('whole');
  });
  const id = await generationWith(app, avatarId, [`${host.url}/faulty.png`]);
  const { images } = await copiedImages(app, id);
  expect(await (await fetch(images[0]?.url ?? '')).text()).toBe('whole');
  expect(await app.metric('likeness_file_copies_total', { outcome: 'stored' })).toBeGreaterThan(0);
  expect(await app.metric('likeness_file_copies_total', { outcome: 'retried' })).toBeGreaterThanOrEqual(2);
});

test('the subscription of the photos ends when the avatar is deleted, at once', async () => {
  const { id } = await app.newAvatar();
  const watch = app.watchPhotoSet({ avatarId: id });
  await watch.until(() => true);
  const deletedAt = performance.now();
  await app.deleteAvatar(id);
  await watch.ended();
  // A lost notification would cost the minute of the next regular look.
  expect(performance.now() - deletedAt).toBeLessThan(30_000);
});

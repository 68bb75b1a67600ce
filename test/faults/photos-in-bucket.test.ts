import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { readdir } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { createPostgresDatabase, dropPostgresDatabase } from '../support/postgres-template.ts';
import { Disposer } from '../../src/async/disposer.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { photosOfSpots, spots } from '../support/photos.ts';
import { POSTGRES, neededServices } from '../support/needed-services.ts';
import { shownPhotos } from '../support/shown-files.ts';
import { S3Storage } from '../../src/storage/s3-storage.ts';
import { StartTrainingDocument } from '../../src/generated/contract/graphql.ts';
import { startSwift, swiftNeeds, type Swift } from '../support/swift.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const bucket = swiftNeeds('two instances with one bucket and a data folder each');
const { title, isMissing } = await neededServices(bucket.title, ['postgres']);

describe.skipIf(isMissing || bucket.isMissing)(title, () => {
  const parts = new Disposer();
  let first: TestApp;
  let second: TestApp;
  let way: TcpProxy;
  let swiftEnv: Swift['env'];
  let files: S3Storage;
  beforeAll(async () => {
    const swift = await startSwift();
    parts.add(() => swift.close());
    swiftEnv = swift.env;
    way = await startTcpProxy([{ port: Number(new URL(swift.bucket.endpoint).port) }]);
    parts.add(() => way.close());
    files = new S3Storage({ ...swift.bucket, prefix: 'likeness/photos/' });
    const { name, url } = await createPostgresDatabase(POSTGRES);
    parts.add(() => dropPostgresDatabase(POSTGRES, name));
    const env = { ...swift.env, S3_ENDPOINT: way.url, DATABASE_URL: url };
    first = await startTestApp({ env });
    parts.add(() => first.close());
    const { queueUrl, restUrl } = first.simulator;
    second = await startTestApp({ env: { ...env, FAL_QUEUE_URL: queueUrl, FAL_REST_URL: restUrl } });
    parts.add(() => second.close());
  });
  afterAll(() => parts.dispose());

  async function keysOf(avatarId: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of files.list(`${avatarId}/`)) keys.push(key);
    return keys;
  }

  const noFilesOf = (avatarId: string) =>
    eventually('no files', async () => (await keysOf(avatarId)).length === 0);

  test('a training on one uses the photos that the other took, and deletes them', async () => {
    const { id: avatarId } = await first.newAvatar();
    const answers = await first.uploadPhotos(avatarId, await photosOfSpots(4));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await keysOf(avatarId)).toHaveLength(4);

    await second.startTraining({ avatarId, imagesUrl: null, trainer: 'FLUX_LORA_FAST' });
    const { images_data_url: url } = first.lastSubmit().body as { images_data_url: string };
    const zip = unzipSync(new Uint8Array(await (await fetch(url)).arrayBuffer()));
    const heads = Object.values(zip).map((photo) => [...photo.subarray(0, 3)]);
    expect(heads).toEqual(Array.from({ length: 4 }, () => [0xff, 0xd8, 0xff]));
    await second.settled(avatarId);
    await noFilesOf(avatarId);
    for (const { dataDir } of [first, second]) {
      expect(await readdir(dataDir)).not.toContain('photos');
      expect(await readdir(join(dataDir, 'uploads')).catch(() => [])).toEqual([]);
    }
  });

  test('one serves a photo that the other took, until it is deleted', async () => {
    const { id: avatarId } = await first.newAvatar();
    await first.uploadPhotos(avatarId, await photosOfSpots(1));
    const [photo] = await shownPhotos(second, avatarId);
    const url = photo?.url ?? '';
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
    const [key = ''] = await keysOf(avatarId);
    expect(bytes.length).toBe(await files.size(key));
    expect((await sharp(bytes).metadata()).format).toBe('jpeg');
    const part = await fetch(url, { headers: { range: 'bytes=2-5' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(2, 6))).toBe(true);
    await first.deletePhoto(photo?.id ?? '');
    expect((await fetch(url)).status).toBe(404);
  });

  test('one deletes what the other took', async () => {
    const { id: avatarId } = await first.newAvatar();
    await first.uploadPhotos(avatarId, await photosOfSpots(3));
    const set = await second.photoSet(avatarId);
    await second.deletePhoto(set?.photos[0]?.id ?? '');
    expect(await keysOf(avatarId)).toHaveLength(2);
    await second.deleteAvatar(avatarId);
    expect(await keysOf(avatarId)).toEqual([]);
  });

  test('while the bucket is away, an upload, a download and a training say so, and photos can be deleted', async () => {
    const { id: avatarId } = await first.newAvatar();
    await first.uploadPhotos(avatarId, await photosOfSpots(4));
    const bytes = await (await spots(12)).jpeg().toBuffer();
    const [upload] = await first.photoUploads(avatarId, [{ name: 'later', size: bytes.byteLength }]);
    const send = () => fetch(upload?.url ?? '', { method: 'PUT', body: new Uint8Array(bytes) });
    await way.close();
    try {
      const answer = await send();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.json()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });

      const [photo] = await shownPhotos(first, avatarId);
      const shown = await fetch(photo?.url ?? '');
      expect([shown.status, shown.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await shown.json()).toMatchObject({ code: 'FILE_NOT_READY' });

      first.log.expectError('GraphQL request failed');
      const input = { avatarId, trainer: 'FLUX_LORA_FAST' } as const;
      const { errors } = await first.ask(StartTrainingDocument, { input });
      expect(errors[0]?.extensions?.['code']).toBe('SERVICE_UNAVAILABLE');
      expect(await first.avatarNow(avatarId)).toMatchObject({ status: 'DRAFT', error: null });

      const set = await first.photoSet(avatarId);
      expect(await first.deletePhoto(set?.photos[0]?.id ?? '')).toMatchObject({ accepted: 3 });
    } finally {
      await way.reopen();
    }
    expect((await send()).status).toBe(200);
    // The sweep deletes the file of the deleted photo.
    expect(await keysOf(avatarId)).toHaveLength(5);
    await first.deleteAvatar(avatarId);
    expect(await keysOf(avatarId)).toEqual([]);
  });

  test('a server with another database does not start', async () => {
    const start = startTestApp({ env: swiftEnv });
    await expect(start).rejects.toThrow(/likeness-tests\/likeness\/ belong to another database/);
    const other = await startTestApp({ env: { ...swiftEnv, S3_PREFIX: 'staging/likeness' } });
    await other.close();
  });

  test('a server starts while the bucket is away, and says so', async () => {
    const env = { ...swiftEnv, S3_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
    const app = await startTestApp({ env });
    try {
      expect(app.log.lines.map(({ msg }) => msg)).toContain('photo storage unavailable');
    } finally {
      await app.close();
    }
  });
});

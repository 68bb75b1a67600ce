import { afterAll, expect, test } from 'vitest';
import { readFileSync, writeFileSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { eventually } from '../support/eventually.ts';
import sharp from 'sharp';
import { databasePlace } from '../support/database.ts';
import { putPhoto } from '../support/api-client.ts';
import { spots } from '../support/photos.ts';
import { startServer } from '../support/server.ts';

const place = await databasePlace();
const server = await startServer(place.env);
afterAll(async () => {
  await server.close();
  await place.drop();
});

const MB = 2 ** 20;
const PHOTOS = 30;
/** Half of them fit into the limit of one avatar. */
const SIZE = 19 * MB;

/** Memory of the server's process, in MB. */
function memory(of: 'VmRSS' | 'VmHWM'): number {
  const [, kilobytes] =
    new RegExp(`${of}:\\s+(\\d+)`).exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

/** A photo of 24 million pixels with noise in it, padded to the size. */
async function largePhoto(): Promise<Buffer> {
  const raw = { width: 6000, height: 4000, channels: 3 as const };
  const noise = randomFillSync(Buffer.alloc(raw.width * raw.height * raw.channels));
  const jpeg = await sharp(noise, { raw })
    .blur(0.8)
    .jpeg({ quality: 85, chromaSubsampling: '4:4:4' })
    .toBuffer();
  expect(jpeg.byteLength).toBeGreaterThan(10 * MB);
  expect(jpeg.byteLength).toBeLessThan(SIZE);
  return Buffer.concat([jpeg], SIZE);
}

test('a server that is killed during an upload takes the same upload after its restart', async () => {
  const { id } = await server.newAvatar();
  const bytes = await (await spots(100)).jpeg().toBuffer();
  const [upload] = await server.photoUploads(id, [{ name: 'photo', size: bytes.byteLength }]);
  const { pathname = '', host = '' } = upload === undefined ? {} : new URL(upload.url);
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`PUT ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${bytes.byteLength}\r\n\r\n`);
  socket.write(bytes.subarray(0, 1000));
  const folder = `${place.env.DATA_DIR ?? ''}/uploads`;
  await eventually('the upload to begin', async () => (await readdir(folder).catch(() => [])).length > 0);

  await server.kill();
  socket.destroy();
  await server.start();

  expect(await server.photoSet(id)).toMatchObject({ pending: 1, accepted: 0 });
  expect((await putPhoto(upload?.url ?? '', bytes)).status).toBe(200);
  expect(await server.photoSet(id)).toMatchObject({ pending: 0, accepted: 1 });
  // Removed after an hour: test/photos/spool.
  for (const name of await readdir(folder)) await rm(`${folder}/${name}`);
});

test.skipIf(process.platform !== 'linux')(
  '30 photos of 20 MB at the same time take no more than 60 MB of the server’s memory (Linux: /proc)',
  async () => {
    const photo = await largePhoto();
    const uploads = [];
    for (let avatar = 0; avatar < 2; avatar += 1) {
      const { id } = await server.newAvatar();
      const first = await (await spots(avatar)).jpeg().toBuffer();
      await server.uploadPhotos(id, [{ name: 'first', bytes: first }]);
      const files = Array.from({ length: PHOTOS / 2 }, (_, n) => ({ name: `${n}`, size: SIZE }));
      uploads.push(...(await server.photoUploads(id, files)));
    }
    const before = memory('VmRSS');
    // Begins the measurement of the peak.
    writeFileSync(`/proc/${server.pid}/clear_refs`, '5');

    const answers = await Promise.all(
      uploads.map(({ url }, index) => {
        const bytes = Buffer.from(photo);
        bytes.writeUInt32LE(index + 1, SIZE - 4);
        return putPhoto(url, bytes);
      }),
    );

    const growth = memory('VmHWM') - before;
    expect(answers.map(({ status }) => status)).toEqual(uploads.map(() => 200));
    expect(growth).toBeLessThan(60);
    const dataDir = place.env.DATA_DIR ?? '';
    expect(await readdir(`${dataDir}/uploads`)).toEqual([]);
  },
);

import { afterAll, describe, expect, test } from 'vitest';
import { connect } from 'node:net';
import { CreatePhotoUploadsDocument, type PhotoFileInput } from '../../src/generated/contract/graphql.ts';
import { deflateSync, crc32 } from 'node:zlib';
import { codeOf } from '../support/shown-files.ts';
import { eventually } from '../support/eventually.ts';
import { putPhoto } from '../support/api-client.ts';
import { readdir } from 'node:fs/promises';
import { spots } from '../support/photos.ts';
import { startTestApp } from '../support/test-app.ts';
import sharp from 'sharp';

const app = await startTestApp({
  env: { ALLOWED_ORIGINS: 'https://app.example', AUTH_JWT_SECRET: undefined },
});
afterAll(() => app.close());

const JPEG = await (await spots(1)).jpeg().toBuffer();
const NAME = 'photo.jpg';

/** Every file of photos that the server has on its disk. */
async function filesOnDisk(): Promise<string[]> {
  const folders = ['photos', 'uploads'].map((name) =>
    readdir(`${app.dataDir}/${name}`, { recursive: true, withFileTypes: true }).catch(() => []),
  );
  return (await Promise.all(folders)).flat().flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

/** A new avatar, and the URL for one photo of it. */
async function announced(size = JPEG.byteLength) {
  const { id: avatarId } = await app.newAvatar();
  const [upload] = await app.photoUploads(avatarId, [{ name: NAME, size }]);
  if (upload === undefined) throw new Error('No upload');
  return { avatarId, ...upload };
}

/** The header of a PNG, with next to no pixels. */
function pngOf(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.byteLength);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc(100_000));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const picture = await spots(2);
const halfOf = (bytes: Buffer) => bytes.subarray(0, bytes.byteLength / 2);
const REFUSED: [what: string, code: string, bytes: Buffer][] = [
  ['a text', 'NOT_AN_IMAGE', Buffer.from('no picture at all')],
  ['a script behind one byte', 'NOT_AN_IMAGE', Buffer.from('\xff<script>', 'latin1')],
  ['a truncated JPEG', 'DAMAGED', halfOf(JPEG)],
  ['the first bytes of a JPEG', 'DAMAGED', JPEG.subarray(0, 3)],
  ['a truncated PNG', 'DAMAGED', halfOf(await picture.clone().png().toBuffer())],
  ['a truncated WebP', 'DAMAGED', halfOf(await picture.clone().webp().toBuffer())],
  ['a PNG bomb', 'TOO_MANY_PIXELS', pngOf(50_000, 50_000)],
  ['a PNG of long lines', 'TOO_MANY_PIXELS', pngOf(20_001, 256)],
  ['a PNG without its pixels', 'DAMAGED', pngOf(2000, 2000)],
  [
    'an SVG',
    'NOT_AN_IMAGE',
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"/>'),
  ],
  ['a GIF', 'TYPE_NOT_SUPPORTED', await picture.clone().gif().toBuffer()],
  ['an AVIF', 'TYPE_NOT_SUPPORTED', await sharp(JPEG).avif({ effort: 0 }).toBuffer()],
  ['a HEIC', 'HEIC_NOT_SUPPORTED', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')],
  ['a tiny picture', 'TOO_SMALL', await picture.clone().resize(200, 300).jpeg().toBuffer()],
];

test.each(REFUSED)(
  '%s is refused by its bytes with %s, and nothing of it is stored',
  async (_what, code, bytes) => {
    const { avatarId, url } = await announced(bytes.byteLength);
    expect(await codeOf(await putPhoto(url, bytes))).toEqual([422, code]);
    const set = await app.photoSet(avatarId);
    expect(set?.photos).toMatchObject([{ name: NAME, state: 'REFUSED', code, width: null }]);
    expect(set?.photos[0]?.message).not.toBe('');
    expect(await filesOnDisk()).toEqual([]);
  },
);

const MB = 2 ** 20;
const file = { name: NAME, size: 1000 };
const MISTAKES: [what: string, code: string, files: PhotoFileInput[]][] = [
  ['no file', 'INVALID_INPUT', []],
  ['200 files', 'INVALID_INPUT', Array.from({ length: 200 }, (_, n) => ({ name: `${n}.jpg`, size: 1 }))],
  ['0 bytes', 'INVALID_INPUT', [{ name: NAME, size: 0 }]],
  ['a negative size', 'INVALID_INPUT', [{ name: NAME, size: -1 }]],
  ['more than 20 MB', 'INVALID_INPUT', [{ name: NAME, size: 20 * MB + 1 }]],
  [
    'more than 300 MB',
    'LIMIT_EXCEEDED',
    Array.from({ length: 16 }, (_, n) => ({ name: `${n}`, size: 19 * MB })),
  ],
  ['a path', 'INVALID_INPUT', [{ ...file, name: '../../etc/passwd' }]],
  ['a path of Windows', 'INVALID_INPUT', [{ ...file, name: 'C:\\photos\\me.jpg' }]],
  ['two dots', 'INVALID_INPUT', [{ ...file, name: '..' }]],
  ['NUL in a name', 'INVALID_INPUT', [{ ...file, name: 'a\0.jpg' }]],
  ['a blank name', 'INVALID_INPUT', [{ ...file, name: ' ' }]],
  ['a long name', 'INVALID_INPUT', [{ ...file, name: 'a'.repeat(201) }]],
  ['a long caption', 'INVALID_INPUT', [{ ...file, caption: 'a'.repeat(1001) }]],
];

test.each(MISTAKES)('%s is refused with %s before an upload', async (_what, code, files) => {
  const { id: avatarId } = await app.newAvatar();
  const { data } = await app.ask(CreatePhotoUploadsDocument, { input: { avatarId, files } });
  expect(data?.createPhotoUploads).toMatchObject({ code });
  expect(await app.photoSet(avatarId)).toMatchObject({ photos: [], version: 1 });
});

test('an avatar has at most 60 photos, and one that is announced again counts once', async () => {
  const { id: avatarId } = await app.newAvatar();
  const files = Array.from({ length: 60 }, (_, n) => ({ name: `${n}.jpg`, size: 1 }));
  await app.photoUploads(avatarId, files);
  await app.photoUploads(avatarId, files);
  expect(await app.photoSet(avatarId)).toMatchObject({ pending: 60 });
  const input = { avatarId, files: [file] };
  const { data } = await app.ask(CreatePhotoUploadsDocument, { input });
  expect(data?.createPhotoUploads).toMatchObject({ code: 'LIMIT_EXCEEDED' });
});

describe('the URL of an upload', () => {
  test('is for one upload', async () => {
    const { avatarId, url } = await announced();
    expect((await putPhoto(url, JPEG)).status).toBe(200);
    expect(await codeOf(await putPhoto(url, JPEG))).toEqual([409, 'UPLOAD_USED']);
    await app.deleteAvatar(avatarId);
    expect(await filesOnDisk()).toEqual([]);
    expect(await codeOf(await putPhoto(url, JPEG))).toEqual([404, 'UPLOAD_UNKNOWN']);
  });

  test('is void when it is changed, or its photo is deleted', async () => {
    const { url, photoId } = await announced();
    const last = url.at(-1) === 'A' ? 'B' : 'A';
    for (const wrong of [
      `${url.slice(0, -1)}${last}`,
      `${url}A`,
      `${url}/`,
      url.slice(0, -5),
      `${app.url}/photos`,
    ])
      expect(await codeOf(await putPhoto(wrong, JPEG))).toEqual([404, 'UPLOAD_UNKNOWN']);
    await app.deletePhoto(photoId);
    expect(await codeOf(await putPhoto(url, JPEG))).toEqual([404, 'UPLOAD_UNKNOWN']);
    expect(await filesOnDisk()).toEqual([]);
  });

  test('expires', async () => {
    const { url, photoId, expiresAt } = await announced();
    const minutes = (Date.parse(expiresAt) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(10);
    expect(minutes).toBeLessThan(20);
    await app.restart(async ({ pool }) => {
      await pool.query(`UPDATE photos SET expires_at = now() - interval '1 second' WHERE id = $1`, [photoId]);
    });
    expect(await codeOf(await putPhoto(url, JPEG))).toEqual([410, 'UPLOAD_EXPIRED']);
    expect(await filesOnDisk()).toEqual([]);
  });

  test('is for PUT only', async () => {
    const { url } = await announced();
    const answer = await fetch(url, { method: 'POST', body: new Uint8Array(JPEG) });
    expect(await codeOf(answer)).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers.get('allow')).toBe('PUT, OPTIONS');
  });

  test('can be used by pages of allowed origins only', async () => {
    const { url } = await announced();
    const preflight = (origin: string) =>
      fetch(url, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'content-type',
        },
      });
    const allowed = await preflight('http://localhost:5173');
    expect(allowed.status).toBe(204);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': 'http://localhost:5173',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'content-type',
      vary: 'Origin',
    });
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await putPhoto(url, JPEG, { origin: 'http://localhost:5173' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
  });
});

/** Sends the head of a PUT and some bytes on a socket of its own. */
function sendRaw(url: string, headers: readonly string[], body: Buffer) {
  const { port, pathname, host } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  socket.write([`PUT ${pathname} HTTP/1.1`, `Host: ${host}`, ...headers, '', ''].join('\r\n'));
  socket.write(body);
  return {
    socket,
    answered: () => eventually('an answer', () => (/\r\n\r\n.*\}/s.test(answer) ? answer : null)),
  };
}

describe('an upload', () => {
  test.each([
    ['declares another length', ['Content-Length: 5'], Buffer.from('bytes'), 'LENGTH_MISMATCH'],
    [
      'declares no length',
      ['Transfer-Encoding: chunked'],
      Buffer.from('5\r\nbytes\r\n0\r\n\r\n'),
      'LENGTH_REQUIRED',
    ],
  ])('that %s is refused, and the URL stays valid', async (_what, headers, body, code) => {
    const { url } = await announced();
    const { socket, answered } = sendRaw(url, headers, body);
    expect(await answered()).toContain(`"code":"${code}"`);
    socket.destroy();
    expect((await putPhoto(url, JPEG)).status).toBe(200);
  });

  test('whose sender disconnects midway leaves nothing, and the URL stays valid', async () => {
    const { avatarId, url } = await announced();
    const before = (await filesOnDisk()).length;
    const { socket } = sendRaw(url, [`Content-Length: ${JPEG.byteLength}`], JPEG.subarray(0, 1000));
    await eventually('the file of the upload', async () => (await filesOnDisk()).length > before);
    expect(await codeOf(await putPhoto(url, JPEG))).toEqual([409, 'UPLOAD_UNDER_WAY']);
    socket.destroy();
    await eventually('no file', async () => (await filesOnDisk()).length === before);
    expect(await app.photoSet(avatarId)).toMatchObject({ pending: 1 });
    expect((await putPhoto(url, JPEG)).status).toBe(200);
  });
});

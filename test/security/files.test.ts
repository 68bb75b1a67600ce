import { createHmac } from 'node:crypto';
import { request, type ServerResponse } from 'node:http';
import { readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, copiedImages, generationWith, shownImages, shownPhotos } from '../support/shown-files.ts';
import { eventually } from '../support/eventually.ts';
import { FAL_KEY } from '../support/fal-key.ts';
import { FileUrls } from '../../src/http/files/file-url.ts';
import { spots } from '../support/photos.ts';
import { startFileHost } from '../support/file-host.ts';
import { startTestApp } from '../support/test-app.ts';
import { HOUR_MS } from '../../src/values/units.ts';

const MAX_OF_OWNER = 100;
const PNG = Buffer.from('\x89PNG\r\n\x1a\n0123456789', 'latin1');

const host = await startFileHost();
afterAll(() => host.close());
const app = await startTestApp({ env: { KEEP_FILES: 'on', IMPORT_ORIGINS: host.url } });
afterAll(() => app.close());

let avatarId = '';
let generationId = '';
let url = '';
beforeAll(async () => {
  avatarId = (await app.trainedAvatar()).id;
  host.serve('/a.png', PNG);
  generationId = await generationWith(app, avatarId, [`${host.url}/a.png`]);
  const { images } = await copiedImages(app, generationId);
  url = images[0]?.url ?? '';
});

const urls = (secret = FAL_KEY) => new FileUrls(secret, () => app.url);
const ref = () => ({ sourceId: generationId, position: 0 });
describe('a URL of a file', () => {
  test('opens the file without a token of a caller, in any page, and in a browser only as the picture it is', async () => {
    const answer = await fetch(url, { headers: { origin: 'https://any.example' } });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(PNG.length),
      'content-disposition': expect.stringMatching(
        /^inline; filename="avatar-image-20\d\d-\d\d-\d\d-1\.png"$/,
      ) as string,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
      'access-control-allow-origin': '*',
      'cache-control': expect.stringMatching(/^private, max-age=\d+, immutable$/) as string,
    });
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    expect(Buffer.from(await answer.arrayBuffer()).equals(PNG)).toBe(true);
  });

  test('is the same within an hour, and is valid for one to two hours', () => {
    const begin = 480_000 * HOUR_MS;
    const first = urls().urlOf(ref(), undefined, begin);
    expect(urls().urlOf(ref(), undefined, begin + HOUR_MS - 1)).toBe(first);
    expect(urls().urlOf(ref(), undefined, begin + HOUR_MS)).not.toBe(first);
    const path = new URL(first).pathname;
    expect(urls().read(path, begin + 2 * HOUR_MS - 1)).toEqual({
      kind: 'valid',
      ref: ref(),
      expiresAt: begin + 2 * HOUR_MS,
    });
    expect(urls().read(path, begin + 2 * HOUR_MS)).toEqual({ kind: 'expired' });
  });

  test('that has expired is refused with 410', async () => {
    const old = urls().urlOf(ref(), undefined, Date.now() - 3 * HOUR_MS);
    expect(await codeOf(await fetch(old))).toEqual([410, 'FILE_URL_EXPIRED']);
  });

  test('of another deployment, or with any character changed, is refused with 403', async () => {
    const foreign = urls('another key').urlOf(ref(), undefined);
    expect(await codeOf(await fetch(foreign))).toEqual([403, 'FILE_URL_INVALID']);
    const token = url.slice(-52);
    const { pathname } = new URL(url);
    for (let index = 0; index < token.length; index += 1) {
      const changed = `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`;
      expect(urls().read(pathname.replace(token, changed))).toEqual({ kind: 'forged' });
    }
    // The key of callback tokens makes none.
    const payload = Buffer.from(token, 'base64url').subarray(0, 23);
    const key = createHmac('sha256', FAL_KEY).update('callback token').digest();
    const mac = createHmac('sha256', key).update(payload).digest().subarray(0, 16);
    const confused = `${app.url}/files/${Buffer.concat([payload, mac]).toString('base64url')}`;
    expect(await codeOf(await fetch(confused))).toEqual([403, 'FILE_URL_INVALID']);
  });

  test.each([
    '/files',
    '/files/',
    '/files/x',
    '/files/..%2f..%2fetc%2fpasswd',
    '/files/%00',
    `/files/${'A'.repeat(53)}`,
    `/files/${'A'.repeat(51)}`,
    `/files/${'A'.repeat(8000)}`,
  ])('with other parts leads nowhere: %s', async (path) => {
    expect(await codeOf(await fetch(app.url + path))).toEqual([404, 'FILE_UNKNOWN']);
  });

  test('of an image that the generation does not have is unknown', async () => {
    const other = urls().urlOf({ sourceId: generationId, position: 1 }, undefined);
    expect(await codeOf(await fetch(other))).toEqual([404, 'FILE_UNKNOWN']);
  });

  test('takes GET and HEAD only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await fetch(url, { method });
      expect(await codeOf(answer)).toEqual([405, 'METHOD_NOT_ALLOWED']);
      expect(answer.headers.get('allow')).toBe('GET, HEAD');
    }
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      String(PNG.length),
      '',
    ]);
  });
});

describe('a URL of a photo', () => {
  let photoId = '';
  let photoUrl = '';
  beforeAll(async () => {
    const { id } = await app.newAvatar();
    await app.uploadPhotos(id, [{ name: 'a.png', bytes: await (await spots(1)).png().toBuffer() }]);
    const [photo] = await shownPhotos(app, id);
    photoId = photo?.id ?? '';
    photoUrl = photo?.url ?? '';
  });
  const photo = () => ({ photoId });
  const bytesOf = (address: string) => Buffer.from(address.slice(-52), 'base64url');

  test('names the photo alone, is the same within an hour, and expires', async () => {
    const begin = 480_000 * HOUR_MS;
    const first = urls().urlOf(photo(), undefined, begin);
    expect(urls().urlOf(photo(), undefined, begin + HOUR_MS - 1)).toBe(first);
    const { pathname } = new URL(first);
    const expiresAt = begin + 2 * HOUR_MS;
    expect(urls().read(pathname, expiresAt - 1)).toEqual({ kind: 'valid', ref: photo(), expiresAt });
    const old = urls().urlOf(photo(), undefined, Date.now() - 3 * HOUR_MS);
    expect(await codeOf(await fetch(old))).toEqual([410, 'FILE_URL_EXPIRED']);
  });

  test('with a character changed is refused with 403', async () => {
    const other = photoUrl.replace(/.{3}$/, (end) => (end === 'AAA' ? 'BBB' : 'AAA'));
    expect(await codeOf(await fetch(other))).toEqual([403, 'FILE_URL_INVALID']);
  });

  test('of another kind of file opens no photo, and one of a photo opens nothing else', async () => {
    expect((await fetch(photoUrl)).status).toBe(200);
    const photoToken = bytesOf(photoUrl);
    const imageToken = bytesOf(url);
    const artifactToken = bytesOf(
      urls().urlOf({ sourceId: `job_${'0'.repeat(32)}`, position: 0 }, undefined),
    );
    const address = (...parts: Buffer[]) => `${app.url}/files/${Buffer.concat(parts).toString('base64url')}`;
    // The kind and the id; the rest, which is the position and the expiry; the signature.
    const cut = (token: Buffer) =>
      [token.subarray(0, 17), token.subarray(17, 23), token.subarray(23)] as const;
    const [kindAndId, rest, signature] = cut(photoToken);
    for (const token of [imageToken, artifactToken]) {
      const [otherKindAndId, otherRest, otherSignature] = cut(token);
      for (const forged of [
        // The photo with the signature of another file, and the other file with that of the photo.
        address(kindAndId, rest, otherSignature),
        address(otherKindAndId, otherRest, signature),
        // The kind alone exchanged.
        address(token.subarray(0, 1), photoToken.subarray(1)),
        address(photoToken.subarray(0, 1), token.subarray(1)),
      ])
        expect(await codeOf(await fetch(forged))).toEqual([403, 'FILE_URL_INVALID']);
    }
    // Signed by this server: the kind of an id decides where it is looked up.
    for (const ref of [
      { sourceId: photoId.replace('pho_', 'gen_'), position: 0 },
      { sourceId: photoId.replace('pho_', 'job_'), position: 0 },
      { photoId: generationId.replace('gen_', 'pho_') },
    ])
      expect(await codeOf(await fetch(urls().urlOf(ref, undefined)))).toEqual([404, 'FILE_UNKNOWN']);
  });
});

describe('a part of a file', () => {
  const last = PNG.length - 1;
  test.each([
    ['bytes=0-0', 206, 0, 0],
    ['bytes=2-5', 206, 2, 5],
    ['bytes=8-', 206, 8, last],
    ['bytes=8-999999', 206, 8, last],
    ['bytes=-4', 206, last - 3, last],
    ['bytes=-99999', 206, 0, last],
    // What is no single range of bytes is the whole file.
    ['bytes=5-2', 200, 0, last],
    ['bytes=0-1,3-4', 200, 0, last],
    [`bytes=${'0-1,'.repeat(1000)}0-1`, 200, 0, last],
    ['bytes=-', 200, 0, last],
    ['bytes=a-b', 200, 0, last],
    ['lines=0-1', 200, 0, last],
    [`bytes=0-${'9'.repeat(400)}`, 200, 0, last],
  ])('%s', async (range, status, from, to) => {
    const answer = await fetch(url, { headers: { range } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-range')).toBe(
      status === 206 ? `bytes ${from}-${to}/${PNG.length}` : null,
    );
    expect(Buffer.from(await answer.arrayBuffer()).equals(PNG.subarray(from, to + 1))).toBe(true);
  });

  test.each([`bytes=${PNG.length}-`, 'bytes=999999999999-', 'bytes=-0'])('%s is 416', async (range) => {
    const answer = await fetch(url, { headers: { range } });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, `bytes */${PNG.length}`]);
  });

  test('is of the file that the client knows, or the whole file comes', async () => {
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const known = await fetch(url, { headers: { range: 'bytes=0-1', 'if-range': etag } });
    expect(known.status).toBe(206);
    const other = await fetch(url, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    expect(other.status).toBe(200);
  });

  test('is not sent when the client has the whole file', async () => {
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await fetch(url, { headers: { 'if-none-match': known } });
      expect([answer.status, await answer.text()]).toEqual([304, '']);
    }
    expect((await fetch(url, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});

describe('a hostile file', () => {
  async function kept(path: string, content: Buffer, contentType: string) {
    const address = host.serve(
      path,
      (response) => void response.writeHead(200, { 'content-type': contentType }).end(content),
    );
    const { images } = await shownImages(app, await generationWith(app, avatarId, [address]));
    return fetch(images[0]?.url ?? '');
  }

  test.each([
    ['a page', '/page.png', '<!doctype html><script>alert(1)</script>', 'text/html'],
    [
      'a vector image',
      '/vector.svg',
      '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
      'image/svg+xml',
    ],
    ['a script', '/script.js', 'alert(1)', 'text/javascript'],
    ['a page that says that it is a picture', '/says.png', '<html>', 'image/png'],
  ])('%s is sent as an attachment of bytes', async (_, path, content, contentType) => {
    const answer = await kept(path, Buffer.from(content), contentType);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="gen_[0-9a-f]{32}-1\.bin"$/,
    );
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    await answer.arrayBuffer();
  });

  // One that does not say so is a test of test/jobs/files/copy-files.
  test('that says that it is too large is refused, and nothing of it stays', async () => {
    const address = host.serve('/large.png', (response) => {
      response.writeHead(200, { 'content-length': 60_000_000 }).write(PNG);
    });
    const id = await generationWith(app, avatarId, [address]);
    const { images } = await shownImages(app, id);
    expect(await codeOf(await fetch(images[0]?.url ?? ''))).toEqual([410, 'FILE_GONE']);
    expect(host.requestsOf('/large.png')).toBe(1);
    expect(await filesOf(id)).toEqual([]);
  });
});

test.each([
  'http://169.254.169.254/latest/meta-data/image.png',
  'http://10.0.0.1/x.png',
  'http://[::1]:1/x.png',
  'http://127.0.0.1:1/x.png',
])('a file at the address %s is never fetched', async (address) => {
  const id = await generationWith(app, avatarId, [address]);
  const { images } = await shownImages(app, id);
  expect(await codeOf(await fetch(images[0]?.url ?? ''))).toEqual([410, 'FILE_GONE']);
  expect(images[0]?.originalUrl).toBe(address);
});

test('a compressed file, which may be much larger than it looks, is not taken', async () => {
  const address = host.serve('/packed.png', (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(PNG));
  });
  const { images } = await shownImages(app, await generationWith(app, avatarId, [address]));
  expect(await codeOf(await fetch(images[0]?.url ?? ''))).toEqual([410, 'FILE_GONE']);
});

test('a redirect to an internal address is not followed', async () => {
  const address = host.serve(
    '/away.png',
    (response) => void response.writeHead(302, { location: 'http://169.254.169.254/x' }).end(),
  );
  const { images } = await shownImages(app, await generationWith(app, avatarId, [address]));
  expect(await codeOf(await fetch(images[0]?.url ?? ''))).toEqual([410, 'FILE_GONE']);
});

test('a client that leaves in the middle of a file frees its place', async () => {
  const large = Buffer.concat([PNG, Buffer.alloc(10_000_000)]);
  const address = host.serve('/big.png', large);
  const { images } = await copiedImages(app, await generationWith(app, avatarId, [address]));
  const shown = images[0]?.url ?? '';
  // More than the places of an owner, one after another.
  for (let count = 0; count <= MAX_OF_OWNER; count += 1) await leaveEarly(shown);
  const answer = await eventually('a free place', async () => {
    const next = await fetch(shown);
    if (next.status === 200) return next;
    await next.arrayBuffer();
    return null;
  });
  expect((await answer.arrayBuffer()).byteLength).toBe(large.length);
});

test('requests that wait for a copy take places of their owner only', async () => {
  const otherId = await generationWith(app, avatarId, [`${host.url}/a.png`]);
  const { images: others } = await copiedImages(app, otherId);
  await app.restart(async ({ pool }) => {
    await pool.query(`UPDATE result_files SET owner_id = 'another' WHERE run_id = $1`, [otherId]);
  });
  let address = '';
  const asked = new Promise<ServerResponse>((resolve) => (address = host.serve('/late.png', resolve)));
  const { images } = await shownImages(app, await generationWith(app, avatarId, [address]));
  const answers = Array.from({ length: MAX_OF_OWNER + 1 }, () => fetch(images[0]?.url ?? ''));
  expect(await codeOf(await Promise.race(answers))).toEqual([503, 'TOO_MANY_DOWNLOADS']);
  expect((await fetch(others[0]?.url ?? '')).status).toBe(200);
  (await asked).end(PNG);
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(MAX_OF_OWNER);
});

/** Reads the beginning of the body. */
function leaveEarly(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(address, { agent: false }, (response) => {
      response.once('data', () => {
        response.destroy();
        resolve();
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function filesOf(id: string): Promise<string[]> {
  const found = await readdir(join(app.dataDir, 'files'), { recursive: true });
  return found.filter((name) => name.includes(`${id}/`));
}

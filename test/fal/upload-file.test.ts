import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { listenOnLoopback } from '../support/loopback.ts';
import { uploadFile } from '../../src/fal/upload-file.ts';

type Recorded = {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  readonly text: string;
};

const KEY = 'key-of-fal:secret-half';
let recorded: Recorded[] = [];
let failing = '';
const server = createServer((request, response) => {
  let [bytes, text] = [0, ''];
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (text.length < 5000) text += chunk.toString('latin1');
  });
  request.on('end', () => {
    const { method, url = '', headers } = request;
    recorded.push({ method, url, headers, bytes, text });
    const part = /\/up\/(\d+)\?/.exec(url)?.[1];
    const answer = url.startsWith('/storage')
      ? { upload_url: `${base}/up?signed=1`, file_url: 'https://fal.media/files/photos.zip' }
      : part === undefined
        ? {}
        : { partNumber: Number(part), etag: `"${part}"` };
    response.writeHead(failing !== '' && url.includes(failing) ? 500 : 200).end(JSON.stringify(answer));
  });
});
const base = await listenOnLoopback(server);
afterAll(() => void server.close());
beforeEach(() => {
  recorded = [];
  failing = '';
});

const MB = 2 ** 20;

function upload(megabytes: number) {
  const content = (async function* () {
    for (let count = 0; count < megabytes; count += 1) yield new Uint8Array(MB);
  })();
  const about = { name: 'photos.zip', contentType: 'application/zip', keepSeconds: 60 };
  const settings = { key: KEY, queueUrl: base, restUrl: base };
  return uploadFile(settings, { ...about, size: megabytes * MB, content });
}

test('a file is sent with its length while it is made, and the key goes to fal’s own address only', async () => {
  expect(await upload(3)).toEqual({ url: 'https://fal.media/files/photos.zip' });
  const [initiated, put, ...rest] = recorded;
  expect(rest).toEqual([]);
  expect(initiated).toMatchObject({
    method: 'POST',
    url: '/storage/upload/initiate?storage_type=fal-cdn-v3',
    headers: {
      authorization: `Key ${KEY}`,
      'x-fal-object-lifecycle': '{"expiration_duration_seconds":60}',
    },
    text: '{"content_type":"application/zip","file_name":"photos.zip"}',
  });
  expect(put).toMatchObject({
    method: 'PUT',
    url: '/up?signed=1',
    bytes: 3 * MB,
    headers: { 'content-length': String(3 * MB), 'content-type': 'application/zip' },
  });
  expect(put?.headers).not.toHaveProperty('authorization');
});

test('a file of more than 90 MB is sent in parts of 10 MB', async () => {
  expect(await upload(91)).toEqual({ url: 'https://fal.media/files/photos.zip' });
  expect(recorded[0]?.url).toBe('/storage/upload/initiate-multipart?storage_type=fal-cdn-v3');
  const parts = recorded.slice(1, -1);
  expect(parts.map(({ url, bytes }) => [url, bytes])).toEqual(
    Array.from({ length: 10 }, (_, index) => [`/up/${index + 1}?signed=1`, index < 9 ? 10 * MB : MB]),
  );
  const completed = recorded.at(-1);
  expect(completed).toMatchObject({ method: 'POST', url: '/up/complete?signed=1' });
  expect(JSON.parse(completed?.text ?? '')).toEqual({
    parts: parts.map((_, index) => ({ partNumber: index + 1, etag: `"${index + 1}"` })),
  });
});

describe('a failure is reported and not repeated:', () => {
  test.each(['/storage', '/up?'])('HTTP 500 at %s', async (path) => {
    failing = path;
    expect(await upload(1)).toEqual({ failed: 'HTTP 500' });
    expect(recorded.filter(({ url }) => url?.startsWith(path))).toHaveLength(1);
  });
});

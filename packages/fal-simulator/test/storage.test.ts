import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createFileStore } from '../src/file-store.ts';
import { createListener, listen } from '../src/listener.ts';
import { json } from '../src/replies.ts';
import { createStateFolder } from '../src/state-folder.ts';
import { LORA, PORTRAIT, TINY, fixture, type Submitted } from './support/fixture.ts';

test("fal's client uploads a file, and anyone can read it back", async () => {
  const { simulator, fal } = await fixture();
  const url = await fal.storage.upload(new File(['hello'], 'my photos.zip', { type: 'application/zip' }));
  expect(url.startsWith(`${simulator.url}/files/`)).toBe(true);
  const answer = await fetch(url);
  expect(answer.headers.get('content-type')).toBe('application/zip');
  expect(await answer.text()).toBe('hello');
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '5']);
});

test.skipIf(!inject('everyPair'))(
  "fal's client uploads what is too large for one piece in parts",
  async () => {
    const { fal } = await fixture();
    const bytes = Buffer.alloc(91 * 1024 * 1024, 'likeness');
    const url = await fal.storage.upload(new File([bytes], 'large.zip', { type: 'application/zip' }));
    const back = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(createHash('sha1').update(back).digest('hex')).toBe(
      createHash('sha1').update(bytes).digest('hex'),
    );
  },
);

test('starting an upload needs a key, the upload itself does not', async () => {
  const { simulator } = await fixture();
  const start = (headers: Record<string, string>) =>
    fetch(`${simulator.restUrl}/storage/upload/initiate?storage_type=fal-cdn-v3`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ content_type: 'image/png', file_name: 'a.png' }),
    });
  expect((await start({})).status).toBe(401);
  const answer = (await (await start({ authorization: 'Key k' })).json()) as {
    upload_url: string;
    file_url: string;
  };
  expect((await fetch(answer.file_url)).status).toBe(404);
  expect((await fetch(answer.upload_url, { method: 'PUT', body: 'png' })).status).toBe(200);
  expect(await (await fetch(answer.file_url)).text()).toBe('png');
});

test('a file name cannot leave its place, and a content type cannot break the header', async () => {
  const { ask } = await fixture();
  const about = { content_type: 'text/html\r\nx-evil: 1', file_name: '../../etc/passwd' };
  const { body } = await ask('POST', '/storage/upload/initiate', about);
  await ask('PUT', String(body['upload_url']), 'x');
  expect(String(body['file_url'])).toMatch(/\/files\/[0-9a-f]{24}\/\.\._\.\._etc_passwd$/);
  const { headers } = await ask('GET', String(body['file_url']));
  expect(headers.get('content-type')).toBe('text/html');
  expect(headers.get('x-evil')).toBeNull();
});

test('multipart: a missing part is refused, and so is more than the limit', async () => {
  const { ask } = await fixture({ maxFileBytes: 10 });
  const about = { content_type: 'application/zip', file_name: 'a.zip' };
  const { body } = await ask('POST', '/storage/upload/initiate-multipart', about);
  const [path = ''] = String(body['upload_url']).split('?');
  const part = await ask('PUT', `${path}/1?signed=1`, '12345678');
  expect(part.body).toEqual({ partNumber: 1, etag: expect.any(String) as string });
  expect((await ask('PUT', `${path}/2`, '12345678')).status).toBe(413);
  expect((await ask('PUT', `${path}/1`, '87654321')).status).toBe(200);
  const complete = (...numbers: number[]) =>
    ask('POST', `${path}/complete`, { parts: numbers.map((partNumber) => ({ partNumber, etag: 'x' })) });
  expect((await complete(1, 3)).status).toBe(400);
  expect((await complete(1, 1)).status).toBe(413);
  expect((await complete(1)).status).toBe(200);
  expect((await ask('GET', String(body['file_url']))).body).toEqual({ text: '87654321' });
});

test('uploads that are begun and left end by themselves, and only so many are open', async () => {
  let now = Date.now();
  const { ask, simulator } = await fixture({ now: () => now });
  const about = { content_type: 'a/b', file_name: 'a' };
  const begin = () => ask('POST', '/storage/upload/initiate', about);
  const first = String((await begin()).body['upload_url']);
  // All over one connection: a thousand calls of fetch take two seconds.
  const { hostname, port } = new URL(simulator.url);
  const body = JSON.stringify(about);
  const head = ['POST /storage/upload/initiate HTTP/1.1', 'Host: localhost', 'Authorization: Key id:secret'];
  const request = [...head, 'Content-Type: application/json', `Content-Length: ${body.length}`, '', body];
  const socket = connect(Number(port), hostname).end(request.join('\r\n').repeat(1_000));
  const answers = Buffer.concat((await socket.toArray()) as Buffer[]).toString('latin1');
  const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  expect([statuses.length, statuses.indexOf('429')]).toEqual([1_000, 999]);
  now += 3_600_000;
  expect((await ask('PUT', first, 'late')).status).toBe(404);
  expect((await begin()).status).toBe(200);
});

test('the parts of all open uploads together have a limit', async () => {
  const { ask } = await fixture({ maxFileBytes: 10 });
  const about = { content_type: 'application/zip', file_name: 'a.zip' };
  const paths: string[] = [];
  while (paths.length < 3) {
    const { body } = await ask('POST', '/storage/upload/initiate-multipart', about);
    paths.push(String(body['upload_url']).split('?')[0] ?? '');
  }
  const statuses: number[] = [];
  for (const path of paths) statuses.push((await ask('PUT', `${path}/1`, '1234567890')).status);
  expect(statuses).toEqual([200, 200, 413]);
  const parts = [{ partNumber: 1, etag: 'x' }];
  expect((await ask('POST', `${String(paths[0])}/complete`, { parts })).status).toBe(200);
  expect((await ask('PUT', `${String(paths[2])}/1`, '1234567890')).status).toBe(200);
});

test('the files of a run expire as the submit asks; without a wish, and those that are uploaded, stay', async () => {
  let now = Date.now();
  const { ask, fal, result } = await fixture({ now: () => now });
  const imageOf = async (preference: string | null) => {
    const headers: Record<string, string> =
      preference === null ? {} : { 'x-fal-object-lifecycle-preference': preference };
    const { body } = await ask('POST', `/${LORA}`, TINY, headers);
    const answer = await result(body as unknown as Submitted);
    return String((answer.body['images'] as { url: string }[])[0]?.url);
  };
  const urls = [
    await imageOf('{"expiration_duration_seconds": 60}'),
    await imageOf('{"expiration_duration_seconds": null}'),
    await imageOf('not JSON'),
    await imageOf(null),
    await fal.storage.upload(new File(['hello'], 'a.zip', { type: 'application/zip' })),
  ];
  const statuses = () => Promise.all(urls.map(async (url) => (await fetch(url)).status));

  now += 59_999;
  expect(await statuses()).toEqual([200, 200, 200, 200, 200]);
  now += 10_000;
  expect(await statuses()).toEqual([404, 200, 200, 200, 200]);
});

test('without a folder the oldest files make room for new ones', async () => {
  const files = createFileStore(createStateFolder(undefined), () => 'http://here', { mostInMemoryBytes: 10 });
  const put = (id: string, text: string) =>
    files.put(Buffer.from(text), { id, name: id, contentType: 'text/plain' });
  await put('a', '12345');
  await put('b', '12345');
  await put('c', '123');
  expect(['a', 'b', 'c'].map((id) => files.find(id) !== null)).toEqual([false, true, true]);
  const large = await put('d', 'more than ten bytes');
  expect((await files.read(large)).toString()).toBe('more than ten bytes');
  expect(files.find('c')).toBeNull();
});

test('bodies on their way at the same time have a limit in all, which comes free again', async () => {
  let wake = (): void => undefined;
  const held = new Promise<void>((resolve) => (wake = resolve));
  let heldNow = 0;
  const server = createListener({
    route: async ({ segments, read }) => {
      const { length } = await read(100);
      if (segments[0] !== 'hold') return json(200, { length });
      heldNow += 1;
      await held;
      return json(200, { length });
    },
    onBug: (error) => expect.unreachable(String(error)),
    now: Date.now,
    mostBodyBytes: 150,
  });
  onTestFinished(() => void server.close());
  const port = await listen(server, '127.0.0.1', [0]);
  const send = (path: string, length: number) =>
    fetch(`http://127.0.0.1:${port}/${path}`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: 'x'.repeat(length),
    });
  const first = send('hold', 100);
  await expect.poll(() => heldNow).toBe(1);
  expect((await send('', 50)).status).toBe(200);
  expect((await send('', 51)).status).toBe(503);
  expect((await send('', 101)).status).toBe(413);
  wake();
  expect((await first).status).toBe(200);
  await expect.poll(async () => (await send('', 100)).status).toBe(200);
});

test('malformed requests are answered like fal answers them, and the simulator lives on', async () => {
  const { simulator, ask } = await fixture({ maxFileBytes: 100 });
  expect((await ask('POST', `/${PORTRAIT}`, '{"images')).status).toBe(400);
  expect((await ask('POST', `/${PORTRAIT}`, '[]')).status).toBe(422);
  expect((await ask('POST', `/${PORTRAIT}`, 'null')).status).toBe(422);
  expect((await ask('POST', '/storage/upload/initiate', 'junk')).status).toBe(422);
  expect((await ask('PUT', '/uploads/none', 'junk')).status).toBe(404);
  expect((await ask('GET', '/files/%00/..%2f')).status).toBe(404);
  expect((await ask('GET', '/%E0%A4%A')).status).toBe(400);
  expect((await ask('POST', '/__simulator/program', '{"scenario":"no-such"}')).status).toBe(422);
  const { body } = await ask('POST', '/storage/upload/initiate', { content_type: 'a/b', file_name: 'a' });
  expect((await ask('PUT', String(body['upload_url']), 'x'.repeat(101))).status).toBe(413);

  const { hostname, port } = new URL(simulator.url);
  for (const bytes of [
    'NONSENSE\r\n\r\n',
    'GET //\\ HTTP/1.1\r\nhost: x\r\n\r\n',
    `POST /${PORTRAIT} HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nhalf`,
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.end(bytes));
      socket
        .on('close', () => resolve())
        .on('error', () => undefined)
        .resume();
    });
  }
  expect((await ask('GET', '/')).status).toBe(200);
});

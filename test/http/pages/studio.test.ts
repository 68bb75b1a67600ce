import { createServer, type Server } from 'node:http';
import { createStudio } from '../../../src/http/pages/studio.ts';
import { refusalOfHead } from '../../../src/http/request-head.ts';
import { afterEach, expect, test, vi } from 'vitest';
import { etagOf, type StudioFile, type StudioFiles } from '../../../src/http/pages/studio-files.ts';
import { listenOnLoopback } from '../../support/loopback.ts';
import { rawRequest } from '../../support/raw-http.ts';

const file = (type: string, text: string, isCompressed = false): StudioFile => ({
  type,
  bytes: Buffer.from(text),
  br: isCompressed ? Buffer.from(`br of ${text}`) : null,
  gzip: isCompressed ? Buffer.from(`gzip of ${text}`) : null,
  etag: etagOf(Buffer.from(text)),
});

const FILES: StudioFiles = new Map([
  ['index.html', file('text/html; charset=utf-8', '<!doctype html><html lang="en"></html>')],
  ['index-abc.js', file('text/javascript; charset=utf-8', 'let studio;', true)],
]);

const HTML = { accept: 'text/html,*/*' };

let server: Server | undefined;
afterEach(() => server?.close());

/** The route alone, as the server calls it; everything that it leaves is a 404. */
async function serve(
  config: { needsToken: boolean; loginUrl: string | null } = { needsToken: false, loginUrl: null },
  files: StudioFiles | null = FILES,
  imageOrigins: readonly string[] = [],
  readFiles = () => Promise.resolve(files),
): Promise<string> {
  const studio = createStudio(config, imageOrigins, readFiles);
  server = createServer((request, response) => {
    if (refusalOfHead(request) !== null) return void response.writeHead(400).end();
    studio(request, response).then(
      (outcome) => {
        if (outcome !== 'responded') response.writeHead(404).end();
      },
      () => response.writeHead(500).end(),
    );
  });
  return listenOnLoopback(server);
}

test('a browser gets the page at /, a program does not', async () => {
  const url = await serve();
  const page = await fetch(`${url}/`, { headers: HTML });
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('vary')).toBe('Accept');
  expect(await page.text()).toBe('<!doctype html><html data-sign-in="none" lang="en"></html>');
  expect((await fetch(`${url}/`)).status).toBe(404);
});

test('the policy of the page allows its own files only, and nothing inline', async () => {
  const page = await fetch(`${await serve()}/`, { headers: HTML });
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
});

test('the page knows whether it needs a token, and where to get one', async () => {
  const url = await serve({ needsToken: true, loginUrl: 'https://app.example/in?a=1&b="<script>' });
  expect(await (await fetch(`${url}/`, { headers: HTML })).text()).toContain(
    '<html data-sign-in="token" data-login-url="https://app.example/in?a=1&amp;b=&quot;&lt;script>" lang="en">',
  );
});

test('a file is compressed, immutable, and not sent again', async () => {
  const url = `${await serve()}/studio/index-abc.js`;
  const get = (headers: Record<string, string>) => fetch(url, { headers });
  const plain = await get({ 'accept-encoding': 'identity' });
  expect(await plain.text()).toBe('let studio;');
  expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(plain.headers.get('vary')).toBe('Accept-Encoding');
  const etag = plain.headers.get('etag') ?? '';
  // A proxy that compresses makes the tag weak.
  for (const known of [etag, `"other", W/${etag}`, '*']) {
    const again = await get({ 'if-none-match': known });
    expect([again.status, await again.text()]).toEqual([304, '']);
  }
  // fetch would decompress it.
  const path = '/studio/index-abc.js';
  const { head, body } = await rawRequest(url, (write) => {
    write(`GET ${path} HTTP/1.1\r\nHost: any\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n`);
    return () => undefined;
  });
  expect(head).toContain('content-encoding: br');
  expect(body).toBe('br of let studio;');
});

test('files that could not be read are read again', async () => {
  const readFiles = vi.fn(() => Promise.resolve<StudioFiles | null>(FILES));
  readFiles.mockRejectedValueOnce(Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
  const url = await serve(undefined, null, [], readFiles);
  const statuses = [];
  for (let count = 0; count < 3; count += 1)
    statuses.push((await fetch(`${url}/`, { headers: HTML })).status);
  expect(statuses).toEqual([500, 200, 200]);
  expect(readFiles).toHaveBeenCalledTimes(2);
});

test('HEAD has the headers of GET and no body', async () => {
  const url = await serve();
  for (const path of ['/', '/studio/index-abc.js']) {
    const [head, get] = await Promise.all(
      ['HEAD', 'GET'].map((method) => fetch(`${url}${path}`, { method, headers: HTML })),
    );
    expect(head?.status).toBe(200);
    expect(head?.headers.get('etag')).toBe(get?.headers.get('etag'));
    expect(head?.headers.get('content-length')).toBe(get?.headers.get('content-length'));
    expect(await head?.text()).toBe('');
  }
});

test.each([
  '/studio',
  '/studio/',
  '/studio/index.html',
  '/studio/stamp',
  '/studio/index-abc.js/',
  '/studio/index-abc.js.br',
  '/studio/__proto__',
  '/studio/constructor',
  '/studio/..%2findex.html',
  '/studio/..%2f..%2fpackage.json',
  '/..%2f',
  '/%2e%2e/package.json',
  '/studio/%00',
  '/studio//etc/passwd',
  '/index.html',
])('%s is not found', async (path) => {
  const { status } = await rawRequest(await serve(), (write) => {
    write(`GET ${path} HTTP/1.1\r\nHost: any\r\nAccept: text/html\r\nConnection: close\r\n\r\n`);
    return () => undefined;
  });
  expect([400, 404]).toContain(status);
});

test('other methods and a Studio that was not built are left to the other routes', async () => {
  const url = await serve();
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    expect((await fetch(`${url}/`, { method, headers: HTML })).status).toBe(404);
  server?.close();
  expect((await fetch(`${await serve(undefined, null)}/`, { headers: HTML })).status).toBe(404);
});

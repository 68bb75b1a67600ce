import { afterAll, expect, test } from 'vitest';
import { once } from 'node:events';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { startTestApp } from '../../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

type Page = {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** The playground, not decompressed. */
async function page(headers: Readonly<Record<string, string>>): Promise<Page> {
  const request = get(app.graphqlUrl, { headers: { accept: 'text/html', ...headers } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = Buffer.concat((await response.toArray()) as Buffer[]);
  return { status: response.statusCode, headers: response.headers, body };
}

const plain = await page({});

test('the playground is compressed as the client accepts it', async () => {
  expect(plain.headers['content-encoding']).toBeUndefined();
  const brotli = await page({ 'accept-encoding': 'gzip, deflate, br' });
  expect(brotli.headers).toMatchObject({ 'content-encoding': 'br', vary: 'Accept-Encoding' });
  expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
  const gzip = await page({ 'accept-encoding': 'br;q=0, gzip;q=0.5' });
  expect(gzip.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
  expect(gzip.body.length).toBeLessThan(plain.body.length / 2);
  expect((await page({ 'accept-encoding': 'zstd, identity' })).body.equals(plain.body)).toBe(true);
});

test('a page that the client has is not sent again', async () => {
  const { etag = '', 'content-security-policy': policy } = plain.headers;
  const again = await page({ 'if-none-match': `"other", ${etag}` });
  expect(again).toMatchObject({ status: 304, body: Buffer.alloc(0) });
  expect(again.headers['content-security-policy']).toBe(policy);
  expect((await page({ 'if-none-match': 'W/"other"' })).status).toBe(200);
});

import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { S3_SECRET } from '../support/s3-secret.ts';
import { S3Storage } from '../../src/storage/s3-storage.ts';
import { StorageUnavailableError } from '../../src/storage/file-storage.ts';

/** A host that has no file; test/faults/s3-storage tests a storage of its own. */
let list: readonly [status: number, body: string];
let lists: string[];
const host = createServer((request, response) => {
  const { method, url = '' } = request;
  if (method === 'HEAD') {
    response.writeHead(404).end();
    return;
  }
  lists.push(url);
  response.writeHead(list[0], { 'content-type': 'application/xml' }).end(list[1]);
});
let storage: S3Storage;
beforeAll(async () => {
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  storage = new S3Storage({
    name: 'photos',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(host.address() as AddressInfo).port}`,
    isNameInPath: true,
    accessKeyId: 'key',
    secretAccessKey: S3_SECRET,
    prefix: 'likeness/',
  });
});
afterAll(() => {
  host.closeAllConnections();
  host.close();
});

const XML = '<?xml version="1.0" encoding="UTF-8"?>';

test('a file that the bucket does not have has no size', async () => {
  lists = [];
  list = [200, `${XML}<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>`];
  expect(await storage.size('avt_1/1.jpg')).toBeNull();
  const [asked = '', ...others] = lists;
  expect(others).toEqual([]);
  const { searchParams } = new URL(asked, 'http://any');
  expect([searchParams.get('prefix'), searchParams.get('max-keys')]).toEqual(['likeness/avt_1/1.jpg', '1']);
});

describe('a bucket that does not exist', () => {
  test.each([
    [`${XML}<Error><Code>NoSuchBucket</Code></Error>`, /bucket photos .*NoSuchBucket.* Check S3_BUCKET/],
    ['', 'The bucket photos cannot be listed'],
  ])('is no missing file, and is not empty (%s)', async (body, message) => {
    lists = [];
    list = [404, body];
    for (const call of [
      () => storage.size('avt_1/1.jpg'),
      () => storage.list('avt_1/')[Symbol.asyncIterator]().next(),
    ]) {
      await expect(call()).rejects.toThrow(message);
      await expect(call()).rejects.toBeInstanceOf(StorageUnavailableError);
    }
  });
});

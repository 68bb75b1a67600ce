import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../support/loopback.ts';
import { S3_SECRET } from '../support/s3-secret.ts';
import { S3Storage, type S3Timing } from '../../src/storage/s3-storage.ts';
import { startChild } from '../support/child-process.ts';
import { startSwift, swiftNeeds, type Swift } from '../support/swift.ts';
import { StorageFullError, StorageUnavailableError } from '../../src/storage/file-storage.ts';

const { title, isMissing } = swiftNeeds('a bucket behind a faulty network');

/** Longer than a busy machine needs; a hanging server is given up after them. */
const HASTY: S3Timing = { connectMs: 1000, requestMs: 2000, silenceMs: 2000, callMs: 4000 };
/** Of three parts. */
const LARGE = 12_000_001;

async function* zeros(size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= 65_536) yield new Uint8Array(Math.min(left, 65_536));
}

/** What happens to a request instead of an answer of the storage; null: nothing. */
type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
) => 'faulty' | null | Promise<'faulty' | null>;

/** Passes requests as they are: the storage checks a signature that covers the Host header. */
async function startFaultyWay(target: string) {
  const way: { fault: Fault; seen: string[] } = { fault: () => null, seen: [] };
  const { hostname: host, port } = new URL(target);
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url: path = '', headers } = request;
      way.seen.push(`${method} ${path}`);
      if ((await way.fault(request, response)) === 'faulty') return;
      const onward = send({ host, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    })();
  });
  return {
    way,
    url: await listenOnLoopback(server),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function refuse(status: number, code: string): (times: number) => Fault {
  return (times) => (request, response) => {
    if (times-- <= 0) return null;
    request.resume();
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${S3_SECRET}</Message></Error>`);
    return 'faulty';
  };
}

describe.skipIf(isMissing)(title, () => {
  let swift: Swift;
  let faulty: Awaited<ReturnType<typeof startFaultyWay>>;
  let storage: S3Storage;
  beforeAll(async () => {
    swift = await startSwift();
    faulty = await startFaultyWay(swift.bucket.endpoint);
    storage = new S3Storage({ ...swift.bucket, endpoint: faulty.url }, HASTY);
  });
  afterAll(async () => {
    await faulty.close();
    await swift.close();
  });

  const direct = () => new S3Storage(swift.bucket);

  test('a wrong secret is refused, and the error has no secret', async () => {
    const wrong = new S3Storage({ ...swift.bucket, secretAccessKey: `${S3_SECRET}x` });
    const problem = await wrong.put('wrong/1', zeros(1)).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(StorageUnavailableError);
    expect(String(problem)).toContain('SignatureDoesNotMatch (HTTP status 403). Check S3_SECRET_ACCESS_KEY');
    expect(JSON.stringify(problem) + String(problem)).not.toMatch(/tester|signature:|EXAMPLESECRET/);
    expect(await direct().size('wrong/1')).toBeNull();
  });

  test('a bucket that does not exist is named', async () => {
    const other = new S3Storage({ ...swift.bucket, name: 'no-such-bucket' });
    for (const call of [() => other.put('a', zeros(1)), () => other.read('a'), () => other.size('a')])
      await expect(call()).rejects.toThrow(/no-such-bucket .*NoSuchBucket.* Check S3_BUCKET/);
  });

  test('a name in the host is signed and found', async () => {
    const { port } = new URL(swift.bucket.endpoint);
    const inHost = new S3Storage({
      ...swift.bucket,
      endpoint: `http://localhost:${port}`,
      isNameInPath: false,
    });
    await inHost.put('host/1', zeros(7)).catch((error: unknown) => {
      // Not every system resolves names under localhost.
      if (!String(error).includes('ENOTFOUND')) throw error;
    });
  });

  test.each([1000, LARGE])('a put of %i bytes that is always cut leaves nothing', async (size) => {
    faulty.way.fault = (request) => {
      if (request.method !== 'PUT' || (size === LARGE && !String(request.url).includes('partNumber=2')))
        return null;
      request.once('data', () => request.socket.destroy());
      return 'faulty';
    };
    await expect(storage.put('cut/1', zeros(size))).rejects.toBeInstanceOf(StorageUnavailableError);
    expect(await direct().size('cut/1')).toBeNull();
    expect(await swift.unfinished()).toEqual([]);
  });

  test.each([1_000_000, LARGE])('a process that is killed after %i bytes leaves no file', async (size) => {
    const writer = startChild(fileURLToPath(new URL('bucket-writer.ts', import.meta.url)), [String(size)], {
      BUCKET: JSON.stringify(swift.bucket),
    });
    try {
      expect(await writer.line()).toBe('taken');
    } finally {
      await writer.kill();
    }
    expect(await direct().size('killed/1')).toBeNull();
    for await (const { key } of direct().list('')) expect(key).not.toContain('killed');
  });

  test('a part that is cut once is sent again', async () => {
    let cuts = 1;
    faulty.way.fault = (request) => {
      if (!String(request.url).includes('partNumber=2') || cuts-- <= 0) return null;
      request.once('data', () => request.socket.destroy());
      return 'faulty';
    };
    await storage.put('again/1', zeros(LARGE));
    expect(await direct().size('again/1')).toBe(LARGE);
  });

  test('a read that is cut rejects', async () => {
    faulty.way.fault = () => null;
    await storage.put('read/1', zeros(LARGE));
    faulty.way.fault = (_request, response) => {
      response.on('pipe', (answer: IncomingMessage) =>
        answer.once('data', () => setImmediate(() => response.destroy())),
      );
      return null;
    };
    const content = await storage.read('read/1');
    const reading = (async () => {
      let size = 0;
      for await (const chunk of content ?? []) size += chunk.byteLength;
      return size;
    })();
    await expect(reading).rejects.toBeInstanceOf(StorageUnavailableError);
  });

  test('slow readers of many files delay nobody', async () => {
    const DOWNLOADS = 100;
    faulty.way.fault = () => null;
    await storage.put('slow-reader/1', zeros(5));
    const held: ServerResponse[] = [];
    faulty.way.fault = ({ method }, response) => {
      if (method !== 'GET') return null;
      response.writeHead(200, { 'content-length': LARGE }).write('the beginning');
      held.push(response);
      return 'faulty';
    };
    const slow = new S3Storage({ ...swift.bucket, endpoint: faulty.url });
    const begun = await Promise.all(
      Array.from({ length: DOWNLOADS }, async () => {
        const content = await slow.read('slow-reader/1');
        return content?.[Symbol.asyncIterator]().next();
      }),
    );
    expect(begun.every((chunk) => chunk?.done === false)).toBe(true);
    expect(await slow.size('slow-reader/1')).toBe(5);
    for (const response of held) response.destroy();
  });

  test('after SlowDown a call is repeated, but not for ever', async () => {
    faulty.way.fault = refuse(503, 'SlowDown')(2);
    await storage.put('slow/1', zeros(5));
    faulty.way.fault = refuse(503, 'SlowDown')(Infinity);
    faulty.way.seen = [];
    await expect(storage.delete('slow/1')).rejects.toThrow('refused the request: SlowDown (HTTP status 503)');
    expect(faulty.way.seen).toHaveLength(3);
  });

  test.each(['QuotaExceeded', 'XMinioStorageFull'])('%s is a full storage', async (code) => {
    faulty.way.fault = refuse(403, code)(Infinity);
    const problem = await storage.put('full/1', zeros(5)).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(StorageFullError);
    expect(String(problem)).not.toContain(S3_SECRET);
  });

  test('a server that never answers is given up', async () => {
    faulty.way.fault = (request) => {
      request.resume();
      return 'faulty';
    };
    for (const call of [
      () => storage.put('hang/1', zeros(5)),
      () => storage.read('hang/1'),
      () => storage.size('hang/1'),
      () => storage.delete('hang/1'),
      () => storage.list('')[Symbol.asyncIterator]().next(),
    ])
      await expect(call()).rejects.toBeInstanceOf(StorageUnavailableError);
  });

  test('files of others in the bucket are not listed', async () => {
    faulty.way.fault = () => null;
    const outside = new S3Storage({ ...swift.bucket, prefix: '' });
    await outside.put('other/1', zeros(1));
    await storage.put('mine/1', zeros(1));
    const keys: string[] = [];
    for await (const { key } of storage.list('')) keys.push(key);
    expect(keys).toContain('mine/1');
    expect(keys.join()).not.toContain('other');
  });
});

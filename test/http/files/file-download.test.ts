import { createServer, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { ConnectionTracker } from '../../../src/http/connection-tracker.ts';
import { once } from 'node:events';
import type { Pace } from '../../../src/http/files/download-pace.ts';
import { isOutage } from '../../../src/db/outage.ts';
import { createFileDownload, type FileDownloads } from '../../../src/http/files/file-download.ts';
import { FileUrls } from '../../../src/http/files/file-url.ts';
import { listenOnLoopback } from '../../support/loopback.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { TIMEOUTS } from '../../../src/http/timeouts.ts';
import { expect, onTestFinished, test } from 'vitest';

const SIZE = 1_000_000_000;
const CHUNK = Buffer.alloc(65_536);

/** The route alone, with a file that the storage reads in this way. */
async function serve(
  read: () => AsyncIterable<Uint8Array>,
  leastPace?: Pace,
  ready: () => Promise<void> = () => Promise.resolve(),
) {
  const log = memoryLog();
  const urls = new FileUrls('secret', () => base);
  const found = {
    state: 'STORED',
    kind: 'IMAGE',
    ownerId: 'ada',
    url: 'https://fal.example/a.png',
    failure: null,
    isLeased: false,
    nextAttemptInMs: null,
    ...{ key: 'a', size: SIZE, sha256: 'a', contentType: 'image/png' },
  } as const;
  const deps: FileDownloads['deps'] = {
    files: {
      find: () => ready().then(() => found),
      listFilesOf: () => Promise.resolve(),
      claim: () => Promise.resolve(null),
      markLost: () => Promise.resolve(),
    },
    resultFiles: { read: async () => read(), size: () => Promise.resolve(SIZE) },
    copier: { copy: () => Promise.resolve(null), underWay: () => null },
    photoStore: { findStored: () => Promise.resolve(null) },
    photoFiles: { read: () => Promise.resolve(null), size: () => Promise.resolve(null) },
  };
  const answer = createFileDownload({ deps, urls, isOutage, log }, leastPace);
  /** One for each request: when its answer has ended, however it did. */
  const answers: Promise<unknown>[] = [];
  const server = createServer((req, res) => void answers.push(answer(req, res)));
  new ConnectionTracker(server, TIMEOUTS);
  const base = await listenOnLoopback(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = urls.urlOf({ sourceId: `gen_${'0'.repeat(32)}`, position: 0 }, undefined);
  return { url, log, answers, server };
}

/** An answer whose body has begun. */
async function begin(url: string): Promise<IncomingMessage> {
  const asked = request(url, { agent: false }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  await once(response, 'readable');
  return response;
}

async function* endless() {
  for (;;) yield await Promise.resolve(CHUNK);
}

test('a fault of the storage breaks the download off, and is logged', async () => {
  const { url, log, answers } = await serve(async function* () {
    yield CHUNK;
    await Promise.resolve();
    throw new Error('the disk has a fault');
  });
  for (let count = 0; count < 3; count += 1) {
    const response = await begin(url);
    response.resume();
    const [error] = (await once(response, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  }
  await Promise.all(answers);
  expect(log.lines).toMatchObject([
    {
      level: 'error',
      message: 'stored file not readable',
      fields: { err: { message: 'the disk has a fault' }, times: 1 },
    },
  ]);
});

const outage = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });

test.each<[when: string, ...given: Parameters<typeof serve>]>([
  ['when the file is looked up', endless, undefined, () => Promise.reject(outage)],
  [
    'after the size of the file is known',
    () => {
      throw outage;
    },
  ],
])('an outage %s is answered 503 with Retry-After, and is logged', async (_when, ...given) => {
  const { url, log, answers } = await serve(...given);
  for (let count = 0; count < 3; count += 1) {
    const response = await fetch(url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(response.headers.get('access-control-expose-headers')).toBe('Retry-After');
    expect(await response.json()).toMatchObject({ code: 'FILE_NOT_READY' });
  }
  await Promise.all(answers);
  const message = 'file not served: database or storage unavailable';
  expect(log.lines).toMatchObject([{ level: 'warn', message, fields: { err: outage, times: 1 } }]);
});

test('a client that leaves is no fault', async () => {
  const { url, log, answers } = await serve(endless);
  const response = await begin(url);
  response.destroy();
  await Promise.all(answers);
  expect(log.lines).toEqual([]);
});

test('downloads end whose client has left before they began, also those in line behind another', async () => {
  let begin = (): void => undefined;
  const ready = new Promise<void>((resolve) => (begin = resolve));
  const { url, log, answers, server } = await serve(endless, undefined, () => ready);
  const { port, hostname, pathname } = new URL(url);
  const client = connect(Number(port), hostname);
  const [socket] = (await once(server, 'connection')) as [Socket];
  client.write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(2));
  while (answers.length < 2) await once(server, 'request');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  client.resetAndDestroy();
  await closed;
  begin();
  await Promise.all(answers);
  expect(log.lines).toEqual([]);
});

test('a client that takes less than the least pace is cut off, and is no fault', async () => {
  const { url, log, answers } = await serve(endless, { bytesPerSecond: Infinity, checkMs: 1 });
  const response = await begin(url);
  response.resume();
  await once(response, 'error');
  await Promise.all(answers);
  expect(log.lines).toEqual([]);
});

test('a download in line behind a response that does not come is cut off too', async () => {
  const never = new Promise<void>(() => undefined);
  const waits = [never, Promise.resolve()];
  const pace = { bytesPerSecond: Infinity, checkMs: 1 };
  const { url, log, answers } = await serve(endless, pace, () => waits.shift() ?? never);
  const { port, hostname, pathname } = new URL(url);
  const client = connect(Number(port), hostname);
  const closed = once(client, 'close');
  client.resume().write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(2));
  await closed;
  await answers[1];
  expect(log.lines).toEqual([]);
});

test('a client that keeps the pace gets all of it, however often it is checked', async () => {
  let chunks = 0;
  const { url, answers } = await serve(
    async function* () {
      // A check comes between two chunks.
      for (; chunks < 20; chunks += 1) {
        yield CHUNK;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      throw new Error('the end of this test');
    },
    { bytesPerSecond: 1, checkMs: 1 },
  );
  const response = await begin(url);
  response.resume();
  await once(response, 'error');
  await Promise.all(answers);
  expect(chunks).toBe(20);
});
